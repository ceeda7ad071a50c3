"""Where Redis is: a URL of one server, of a primary that Sentinels name, or of a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

Kind = Literal["server", "sentinel", "cluster"]
SCHEMES = {
    **dict.fromkeys(("redis", "rediss", "unix"), "server"),
    **dict.fromkeys(("redis+sentinel", "rediss+sentinel"), "sentinel"),
    **dict.fromkeys(("redis+cluster", "rediss+cluster"), "cluster"),
}
PORTS = {"sentinel": 26379, "cluster": 6379}
"""The port of a server that is named without one."""
SENTINEL_OPTIONS = {"sentinel_username": "username", "sentinel_password": "password"}
"""What a Sentinel's URL may hold in its query, and what it is to a client of the Sentinels."""


@dataclass(frozen=True)
class RedisUrl:
    """A URL's parts. `options` are for connections to Redis, `sentinel_options` for those to the Sentinels."""

    url: str
    kind: Kind
    servers: tuple[tuple[str, int], ...] = ()
    """Host and port of Sentinels, or of some of a cluster's nodes; of one server the URL says it."""
    service: str = ""
    """The primary's name, as the Sentinels know it."""
    tls: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    sentinel_options: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The address without user, passwords and options, for people."""
        return self.url.partition("?")[0].rpartition("@")[2]

    @classmethod
    def parse(cls, url: str) -> RedisUrl:
        """The parts of a URL: redis://, rediss://, unix:// as redis-py takes them, or with several servers by comma
        redis+sentinel://user:password@host:port,host:port/SERVICE/DB?sentinel_password=... or
        redis+cluster://user:password@host:port,host:port; rediss+ for TLS. Raises ValueError, without a password.
        """
        scheme = url.partition("://")[0]
        if scheme not in SCHEMES:
            raise ValueError(f"it begins with none of {', '.join(f'{known}://' for known in SCHEMES)}")
        kind = cast("Kind", SCHEMES[scheme])
        if kind == "server":
            return cls(url, "server")
        split = urlsplit(url)
        user, _, places = split.netloc.rpartition("@")
        servers = tuple(_server(place, PORTS[kind]) for place in places.split(","))
        tls, options = scheme.startswith("rediss"), dict[str, Any]()
        for name, value in zip(("username", "password"), user.split(":", 1), strict=False):
            options |= {name: unquote(value)} if value else {}
        service, _, database = split.path.strip("/").partition("/")
        query = dict(parse_qsl(split.query))
        if kind == "cluster":
            if service or query:
                raise ValueError("a cluster's address ends after its servers: a cluster has no databases")
            return cls(url, "cluster", servers, "", tls, options)
        if not service:
            raise ValueError("the name of the primary is missing: redis+sentinel://host:26379/NAME")
        if not (database or "0").isdecimal():
            raise ValueError(f"the database {database!r} is not a number")
        if unknown := query.keys() - SENTINEL_OPTIONS:
            raise ValueError(f"unknown options {', '.join(sorted(unknown))}; known: {', '.join(SENTINEL_OPTIONS)}")
        sentinels = {SENTINEL_OPTIONS[name]: value for name, value in query.items()}
        options |= {"db": int(database or 0)}
        return cls(url, "sentinel", servers, unquote(service), tls, options, sentinels)


def _server(place: str, port: int) -> tuple[str, int]:
    """Host and port of `host`, `host:port` or `[v6]:port`."""
    try:
        split = urlsplit(f"//{place}")
        host, given = split.hostname, split.port
    except ValueError:
        host, given = None, None
    if host is None:
        raise ValueError(f"{place!r} is not host:port")
    return host, port if given is None else given
