"""The HTTP API. It keeps no state of its own, so any number of processes can serve it from the same Redis and chain."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from server.api import problems, rpc
from server.api.limits import BodyLimit, Headers
from server.api.metrics import Observe
from server.api.page import COMPRESSED_FROM, Page
from server.api.routes import accounts, ballots, config, games, local, model, operations, plies, proofs
from server.api.shared import Api
from server.chain.client import Chain
from server.settings import Settings, public_rpc

BODY = 4096
"""Longest body of a request, in bytes. A ballot has about 250."""


def create(settings: Settings, chain: Chain) -> FastAPI:
    """The application. Raises SettingsError if a setting that it needs is missing."""
    # A library of eth_account's raises this to 100,000, and then deeply nested JSON overflows the C stack.
    sys.setrecursionlimit(1000)
    api = Api(settings, chain)
    public_rpc(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        listener = asyncio.create_task(api.hub.run())
        yield
        listener.cancel()
        await api.http.aclose()
        await api.redis.aclose(close_connection_pool=True)

    app = FastAPI(title="Proofmate", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.api = api
    problems.install(app)

    connect, frame = "'self'", "'none'"
    if settings.public_rpc_url is not None:
        connect += f" {_origin(settings.public_rpc_url)}"
    if settings.walletconnect_project_id is not None:
        connect += " wss://relay.walletconnect.org"
        frame = "https://verify.walletconnect.org"
    app.add_middleware(Observe, metrics=api.metrics)
    app.add_middleware(BodyLimit, limit=BODY, larger={"/rpc": rpc.BODY})
    app.add_middleware(Headers, connect=connect, frame=frame)
    # Answers only: files are compressed beforehand, and event streams are excluded by the middleware itself.
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=6)
    for routes in (config, games, ballots, proofs, plies, accounts, model):
        app.include_router(routes.router)
    if settings.local:
        app.include_router(local.router)
    app.include_router(operations.router)
    if settings.frontend.is_dir():
        app.mount("/", Page(settings.frontend), name="page")
    return app


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
