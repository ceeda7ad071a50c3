"""What is noted of every answer: a request id for the log, and counters."""

from __future__ import annotations

import re
import secrets
import time

from opentelemetry.trace import SpanKind, get_current_span
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import logline, metrics, tracing

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids of requests that are taken from whoever asks, such as a proxy; others are made here."""


class Observe:
    """Middleware: names each request (X-Request-Id), counts each answer when it begins, and makes a span of each
    request but streams. A visitor's traceparent is not taken: nobody outside decides what is recorded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.monotonic()
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        logline.request.set(name)

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                metrics.requests.labels(route, str(message["status"])).inc()
                metrics.latency.labels(route).observe(time.monotonic() - started)
                span = get_current_span()
                span.update_name(f"{scope['method']} {route}")
                span.set_attributes({"http.response.status_code": message["status"], "proofmate.request": name})
                message["headers"] = [*message["headers"], (b"x-request-id", name.encode())]
            await send(message)

        if scope["path"].endswith("/stream"):
            await self.app(scope, receive, counted)
            return
        with tracing.tracer.start_as_current_span(scope["method"], kind=SpanKind.SERVER):
            await self.app(scope, receive, counted)
