"""The connection to Redis, and the names of what can be away.

Redis is one server, the primary that Sentinels name, or a cluster. In a cluster all names of a deployment have one
hash tag (`Names.of`), so one primary holds them, and a client talks to that one alone, with all of Redis's commands:
scripts, transactions, WAITAOF after a write on the same connection. Sentinel and cluster differ in who is asked for
the primary. It is asked for at each new connection, and a connection whose server says that it is none is closed.
"""

from __future__ import annotations

import contextlib
import random
from typing import Any

import redis.asyncio as aio
import redis.asyncio.sentinel as aio_sentinel
from redis import Redis, SSLConnection, sentinel
from redis.crc import key_slot
from redis.exceptions import ConnectionError, MovedError, RedisError

from server.redis_url import RedisUrl
from server.settings import Settings, SettingsError
from server.store.journal import DatabaseAway
from server.store.names import Names

AWAY = {"redis": "Redis", "chain": "the chain", "database": "the database"}
"""What a process waits for if it does not answer: as metrics and logs name it, and as people do."""
DISK_TIMEOUT_MS = 4_000
"""How long to wait for the disks, in milliseconds: less than the client waits for an answer (5 s)."""
SEARCH_SECONDS = 2.0
"""How long a Sentinel or a cluster's node may take to name the primary."""
MOVED = "the cluster's server is no longer the primary of our slot"


def away(error: Exception) -> str:
    """Which key of AWAY did not answer, by a RedisError, a DatabaseAway, or one of `Unreachable`."""
    if isinstance(error, DatabaseAway):
        return "database"
    return "redis" if isinstance(error, RedisError) else "chain"


def connect_redis(settings: Settings, text: bool = True) -> Redis:
    """A client of the settings' Redis; `text` says whether it decodes replies. Raises SettingsError if none answers."""
    return connect_to(settings.redis_url, Names.of(settings).prefix, text)


def connect_to(address: str, name: str, text: bool = True) -> Redis:
    """A client of the Redis at an address (REDIS_URL), in a cluster for names in the slot of `name`.

    Raises SettingsError if none answers.
    """
    url = RedisUrl.parse(address)
    options: dict[str, Any] = {"decode_responses": text, "health_check_interval": 15}
    if url.kind == "server":
        client = Redis.from_url(url.url, **options)
    else:
        finder = _Slots(url) if url.kind == "cluster" else _sentinels(url)
        kind = _TlsToPrimary if url.tls else _ToPrimary
        pool = sentinel.SentinelConnectionPool(  # type: ignore[no-untyped-call]
            url.service or name, finder, connection_class=kind, **url.options, **options
        )
        client = Redis(connection_pool=pool)
    try:
        client.ping()
    except RedisError:
        raise SettingsError(f"REDIS_URL: no Redis answers at {url.shown}") from None
    return client


def async_redis(settings: Settings, connections: int) -> aio.Redis:
    """A client with at most so many connections, for which its callers wait 10 s. It connects when it is used."""
    url = RedisUrl.parse(settings.redis_url)
    options: dict[str, Any] = {"decode_responses": True, "max_connections": connections, "timeout": 10}
    if url.kind == "server":
        return aio.Redis(connection_pool=aio.BlockingConnectionPool.from_url(url.url, **options))
    finder = _AsyncSlots(url) if url.kind == "cluster" else _async_sentinels(url)
    pool = _WaitingPool(
        service_name=url.service or Names.of(settings).prefix,
        sentinel_manager=finder,
        connection_class=_AsyncTlsToPrimary if url.tls else _AsyncToPrimary,
        **url.options,
        **options,
    )
    return aio.Redis(connection_pool=pool)


def _sentinels(url: RedisUrl) -> sentinel.Sentinel:
    return sentinel.Sentinel(url.servers, sentinel_kwargs=_asking(url))  # type: ignore[no-untyped-call]


def _async_sentinels(url: RedisUrl) -> aio_sentinel.Sentinel:
    return aio_sentinel.Sentinel(url.servers, sentinel_kwargs=_asking(url))  # type: ignore[no-untyped-call]


def _asking(url: RedisUrl) -> dict[str, Any]:
    """Options of a client that asks Sentinels, or nodes of a cluster, where the primary is."""
    options = url.sentinel_options if url.kind == "sentinel" else url.options
    return {**options, "ssl": url.tls, "socket_timeout": SEARCH_SECONDS, "socket_connect_timeout": SEARCH_SECONDS}


# ------------------------------------------------------------------------------------------- the primary of a cluster


class _Slots:
    """Finds the primary of a slot in a cluster. redis-py's pools ask it as they ask a Sentinel."""

    def __init__(self, url: RedisUrl) -> None:
        self.known = set(url.servers)
        self.options = _asking(url)

    def discover_master(self, name: str) -> tuple[str, int]:
        """Host and port of the primary of this name's slot. Raises ConnectionError."""
        for host, port in self.order():
            with contextlib.suppress(RedisError), Redis(host, port, **self.options) as node:
                ranges = node.execute_command("CLUSTER", "SLOTS")
                if primary := self.read(ranges, key_slot(name.encode()), host):
                    return primary
        raise self.none()

    def order(self) -> list[tuple[str, int]]:
        """Whom to ask, another one first each time, so that a node that was cut off does not answer for good."""
        return random.sample(sorted(self.known), len(self.known))

    def read(self, ranges: Any, slot: int, asked: str) -> tuple[str, int] | None:
        """The primary of a slot in the answer of the node at host `asked`; notes all nodes."""
        primary = None
        for first, last, *nodes in ranges:
            places = [(_text(host) or asked, port) for host, port, *_ in nodes]
            self.known.update(places)
            if first <= slot <= last and places:
                primary = places[0]
        return primary

    def none(self) -> ConnectionError:
        asked = ", ".join(f"{host}:{port}" for host, port in sorted(self.known))
        return ConnectionError(f"no node of the cluster names the slot's primary; asked {asked}")


class _AsyncSlots(_Slots):
    async def discover_master(self, name: str) -> tuple[str, int]:  # type: ignore[override]
        """The same."""
        for host, port in self.order():
            client = aio.Redis(host=host, port=port, **self.options)
            with contextlib.suppress(RedisError):
                async with client as node:
                    ranges = await node.execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
                    if primary := self.read(ranges, key_slot(name.encode()), host):
                        return primary
        raise self.none()


def _text(host: Any) -> str:
    """A host as a cluster's node says it: empty or null for itself."""
    return host.decode() if isinstance(host, bytes) else host or ""


# -------------------------------------------------------------------------------------------- connections to a primary


class _ToPrimary(sentinel.SentinelManagedConnection):
    """A connection to the primary. The library closes it when a Sentinel's primary says that it is none (READONLY);
    here, when a cluster's does (MOVED). The next one asks again where the primary is."""

    def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return super().read_response(*args, **options)
        except MovedError:
            self.disconnect()  # type: ignore[no-untyped-call]
            raise ConnectionError(MOVED) from None


class _TlsToPrimary(_ToPrimary, SSLConnection):
    pass


class _AsyncToPrimary(aio_sentinel.SentinelManagedConnection):
    """The same."""

    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*args, **options)
        except MovedError:
            await self.disconnect()
            raise ConnectionError(MOVED) from None


class _AsyncTlsToPrimary(_AsyncToPrimary, aio.SSLConnection):
    pass


class _WaitingPool(aio.BlockingConnectionPool, aio_sentinel.SentinelConnectionPool):
    """A pool whose callers wait for a connection, and whose connections go to the primary."""

    async def aclose(self) -> None:
        await super().aclose()
        if isinstance(self.sentinel_manager, aio_sentinel.Sentinel):
            await self.sentinel_manager.aclose()
