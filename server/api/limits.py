"""Limits for each visitor: requests a second, size of a body, streams and connections at the same time."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.api.problems import response

REMEMBERED = 20_000
"""Most keys that a limiter remembers; the one that was used least recently is dropped first."""
FOREVER = b"public, max-age=31536000, immutable"
BODY_SECONDS = 10.0
"""Time limit for the whole body of a request."""


class Limiter:
    """A token bucket for each key: `burst` at once, then `rate` a second. In memory, so each process has its own."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def allow(self, key: Hashable) -> bool:
        now = time.monotonic()
        tokens, then = self._buckets.pop(key, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - then) * self.rate)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return allowed


class Slots:
    """Counts what is open at the same time, in all and for each key."""

    def __init__(self, total: int, each: int) -> None:
        self.total = total
        self.each = each
        self.open = 0
        self.held: dict[Hashable, int] = {}

    def take(self, key: Hashable) -> bool:
        if self.open >= self.total or self.held.get(key, 0) >= self.each:
            return False
        self.open += 1
        self.held[key] = self.held.get(key, 0) + 1
        return True

    def give(self, key: Hashable) -> None:
        self.open -= 1
        self.held[key] -= 1
        if not self.held[key]:
            del self.held[key]


def visitor(host: str | None) -> str:
    """The key that limits count by: the IP address, or for IPv6 its /56 prefix: what one customer may have whole."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return host or "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 56), strict=False))
    return str(address)


class BodyLimit:
    """Middleware: reads the whole body first, and refuses one that is too large or too slow."""

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        limit = self.larger.get(scope["path"], self.limit)
        body = b""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return
                    body += message.get("body", b"")
                    if len(body) > limit:
                        problem = response(413, f"the body is larger than {limit} bytes")
                        problem.headers["Connection"] = "close"
                        await problem(scope, receive, send)
                        return
                    if not message.get("more_body"):
                        break
        except TimeoutError:
            await response(408, "the body did not arrive in time")(scope, receive, send)
            return
        whole: Message | None = {"type": "http.request", "body": body, "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            message, whole = whole, None
            return message if message is not None else await receive()

        await self.app(scope, replay, send)


class Headers:
    """Middleware: adds the security headers (CSP, nosniff, no referrer, opener policy) and Cache-Control."""

    def __init__(self, app: ASGIApp, connect: str, frame: str) -> None:
        self.app = app
        policy = (
            "default-src 'self'; script-src 'self'; style-src 'self'; "
            f"img-src 'self' data:; connect-src {connect}; frame-src {frame}; object-src 'none'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named_by_content = scope.get("path", "").startswith("/assets/")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self.headers]
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    forever = named_by_content and message["status"] == 200
                    message["headers"].append((b"cache-control", FOREVER if forever else b"no-cache"))
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
