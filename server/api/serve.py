"""The API process: connections, signals, port."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from prometheus_client import REGISTRY
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.api.application import create
from server.api.limits import visitor
from server.api.stream import Hub
from server.chain.client import Chain
from server.ops.shared import Shared
from server.settings import Settings, SettingsError
from server.store.connect import connect_redis
from server.store.names import Names

HEADER_SECONDS = 10.0
"""Time limit for the head of a request."""
HEAD_BYTES = 32_768
"""Most bytes of a request's head. The parser has no limit; a read of the socket that is under way is added."""
PIPELINED = 16
"""Most requests that a connection may send before the first is answered."""
YOUNG_OBJECTS = 20_000
"""New objects after which the garbage collector looks at them (Python's own value, 700, is three requests)."""


class Protocol(HttpToolsProtocol):
    """Closes connections of a visitor who has too many, and those whose request's head is slow or too long."""

    holder: str | None = None
    head: int = 0
    """Bytes received since the last head or part of a body."""
    deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.slots = cast(FastAPI, self.config.app).state.api.connections
        host = self.client[0] if self.client else None
        # A trusted proxy connects for many visitors, so it gets no limit of its own.
        if host not in cast(ProxyHeadersMiddleware, self.app).trusted_hosts:
            if not self.slots.take(visitor(host)):
                transport.abort()
                return
            self.holder = visitor(host)
        self._hurry()

    def data_received(self, data: bytes) -> None:
        self.head += len(data)
        super().data_received(data)
        self._hurry()
        if self.head > HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            raise ValueError("too many requests wait")  # the parser stops, and the connection ends with status 400
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.head = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.head = 0
        super().on_body(body)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.holder is not None:
            self.slots.give(self.holder)
        if self.deadline is not None:
            self.deadline.cancel()

    def _hurry(self) -> None:
        """Starts or stops the clock of HEADER_SECONDS. Between two requests it starts with the next first byte."""
        awaited = self.cycle is None or self.cycle.response_complete
        if awaited and self.deadline is None:
            self.deadline = self.loop.call_later(HEADER_SECONDS, self.transport.abort)
        elif not awaited and self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


class Server(uvicorn.Server):
    """Uvicorn's server, which ends the event streams at a stop signal instead of waiting for their readers."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            forwarded_allow_ips=settings.forwarded_allow_ips,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self.hub: Hub = app.state.api.hub

    def handle_exit(self, sig: int, frame: Any) -> None:
        asyncio.get_event_loop().create_task(self.hub.close())
        super().handle_exit(sig, frame)


def run(settings: Settings, streams_only: bool = False) -> None:
    """Serves until SIGTERM or SIGINT: everything, or the streams of games alone."""
    redis = connect_redis(settings)
    REGISTRY.register(Shared(redis, Names.of(settings)))
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    server = Server(create(settings, Chain.connect(settings), streams_only), settings)
    # What exists now stays, so a full collection need not look at it: it took 50 ms, and half of the time under load.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn repeats the signal when it is done
            server.run()
    except SystemExit:
        raise SettingsError(f"PORT: {settings.host}:{settings.port} cannot be served; is it taken?") from None
