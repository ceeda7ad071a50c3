"""`proofmate publisher`: the streams of games by way of a Mercure hub, if an operator has one (MERCURE_URL).

Each changed game's document is posted to the hub, and the hub sends it to whoever watches. The route of a stream sends
readers there (`redirect`). A hub's comments are invisible to scripts, so pings are posted too, to a topic of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from urllib.parse import urlencode

import httpx
from fastapi.concurrency import run_in_threadpool
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server import metrics
from server.api.stream import PACE_SECONDS, PING_SECONDS, RETRY_SECONDS
from server.api.views import Views
from server.logline import line
from server.ops.port import PULSE
from server.settings import Environment, Settings, SettingsError
from server.store.connect import AWAY, async_redis, connect_redis
from server.store.lease import Lease
from server.store.names import Names

log = logging.getLogger(__name__)


def topic(settings: Settings, of: int | str) -> str:
    """The hub's topic of a game's documents, or of the pings."""
    return f"urn:proofmate:{settings.chain_id}:{settings.contract.lower()}:{of}"


def redirect(settings: Settings, hub: str, game: int) -> str:
    """Where a game's stream is at the hub."""
    topics = [("topic", topic(settings, game)), ("topic", topic(settings, "ping"))]
    return f"{hub}?{urlencode(topics)}"


class Publisher:
    """Posts to the hub. While it does not answer, changes wait: what is posted is the newest document."""

    def __init__(self, settings: Settings, token: str, redis: Redis, hub: httpx.AsyncClient, lease: Lease) -> None:
        self.settings, self.token, self.redis, self.hub, self.lease = settings, token, redis, hub, lease
        self.names = Names.of(settings)
        self.views = Views(redis, self.names, settings.ballot_margin)
        self.changed: set[int] = set()
        self.pinged = float("-inf")

    async def listen(self) -> None:
        """Notes which games change, until cancelled. After a cut all that are on count as changed."""
        while True:
            try:
                async with self.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self.names.changes)
                    self.changed |= {int(str(game)) for game in await self.redis.zrevrange(self.names.games, 0, 99)}
                    async for message in pubsub.listen():
                        self.changed.add(int(message["data"]))
            except RedisError as error:
                log.warning(line("redis_away", error=error))
                await asyncio.sleep(RETRY_SECONDS)

    async def step(self) -> None:
        """Posts what changed, and a ping when it is time. Raises RedisError, httpx.HTTPError."""
        if not await run_in_threadpool(self.lease.hold):
            self.changed.clear()
            return
        now = asyncio.get_running_loop().time()
        if now - self.pinged > PING_SECONDS:
            await self._post("ping", "ping", "", "")
            self.pinged = now
        for game in sorted(self.changed):
            self.changed.discard(game)
            try:
                document = await self.views.document(game)
                if document is not None:
                    await self._post(game, "game", document.dump(), f"{game}-{document.version}")
            except (RedisError, httpx.HTTPError):
                self.changed.add(game)
                raise

    async def _post(self, of: int | str, kind: str, data: str, name: str) -> None:
        form = {"topic": topic(self.settings, of), "type": kind, "data": data} | ({"id": name} if name else {})
        answer = await self.hub.post(
            self.settings.need("mercure_url"), data=form, headers={"Authorization": f"Bearer {self.token}"}
        )
        answer.raise_for_status()

    async def run(self) -> None:
        """Publishes until cancelled."""
        listener = asyncio.create_task(self.listen())
        try:
            while True:
                try:
                    await self.step()
                    PULSE.beat()
                    await asyncio.sleep(PACE_SECONDS)
                except (RedisError, httpx.HTTPError) as error:
                    hub = isinstance(error, httpx.HTTPError)
                    what, text = ("hub", "the Mercure hub") if hub else ("redis", AWAY["redis"])
                    log.warning(line("publisher_waits", fault=type(error).__name__, error=error))
                    metrics.faults.labels(what).inc()
                    PULSE.beat(f"{text} does not answer")
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            listener.cancel()


def run(settings: Settings) -> None:
    """Publishes until SIGTERM or SIGINT."""
    token = Environment.read().mercure_token
    if token is None:
        raise SettingsError("MERCURE_TOKEN: missing; the JWT by which the hub lets its holder publish")
    settings.need("mercure_url")
    lease = Lease(connect_redis(settings), Names.of(settings).publisher, 15.0)
    asyncio.run(_run(settings, token.get_secret_value(), lease))


async def _run(settings: Settings, token: str, lease: Lease) -> None:
    loop, main = asyncio.get_running_loop(), asyncio.current_task()
    assert main is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, main.cancel)
    redis = async_redis(settings, 4)
    async with httpx.AsyncClient(timeout=5, trust_env=False) as hub:
        with contextlib.suppress(asyncio.CancelledError):
            await Publisher(settings, token, redis, hub, lease).run()
    lease.release()
    await redis.aclose(close_connection_pool=True)
