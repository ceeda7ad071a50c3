"""The HTTP API. It keeps no state of its own, so any number of processes can serve it from the same Redis and chain."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from server.api import problems, rpc
from server.api.head import HeadAsGet
from server.api.limits import BodyLimit, Headers
from server.api.observe import Observe
from server.api.openapi import ABOUT, TAGS, schema_of
from server.api.page import COMPRESSED_FROM, Page
from server.api.routes import accounts, ballots, config, games, local, model, operations, plies, proofs, vault
from server.api.shared import Api
from server.chain.client import Chain
from server.settings import Settings, public_rpc

VERSION = "/api/v1"
"""Where the API is served. `/api` is an alias of it, for programs of before there was a version."""
BODY = 4096
"""Longest body of a request, in bytes. A ballot has about 250."""


def create(settings: Settings, chain: Chain, streams_only: bool = False) -> FastAPI:
    """The application, or the part of it that serves streams. Raises SettingsError if a setting is missing."""
    # A library of eth_account's raises this to 100,000, and then deeply nested JSON overflows the C stack.
    sys.setrecursionlimit(1000)
    api = Api(settings, chain)
    if not streams_only:
        public_rpc(settings)
        api.box  # noqa: B018  (made now, so that a missing key is named at the start)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in (api.hub.run(), api.refusals.run(), operations.beat(api))]
        yield
        for task in tasks:
            task.cancel()
        await api.refusals.flush()
        await api.http.aclose()
        await api.redis.aclose(close_connection_pool=True)
        api.record.close()

    app = FastAPI(
        title="Proofmate",
        version="1",
        description=ABOUT,
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.api = api
    problems.install(app)

    connect, frame = "'self'", "'none'"
    if settings.public_rpc_url is not None:
        connect += f" {_origin(settings.public_rpc_url)}"
    if settings.mercure_url is not None:
        connect += f" {_origin(settings.mercure_url)}"
    if settings.walletconnect_project_id is not None:
        connect += " wss://relay.walletconnect.org"
        frame = "https://verify.walletconnect.org"
    app.add_middleware(Observe)
    app.add_middleware(BodyLimit, limit=BODY, larger={"/rpc": rpc.BODY})
    app.add_middleware(Headers, connect=connect, frame=frame)
    # Answers only: files are compressed beforehand, and event streams are excluded by the middleware itself.
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM, compresslevel=6)
    app.add_middleware(HeadAsGet)
    routers = [games.stream_router]
    if not streams_only:
        whole = (config, games, ballots, proofs, plies, accounts, model, vault, *((local,) if settings.local else ()))
        routers += [routes.router for routes in whole]
    for prefix in (VERSION, "/api"):
        for router in routers:
            app.include_router(
                router,
                prefix=prefix,
                responses=problems.answers(422, 429, 500, 503),
                include_in_schema=prefix == VERSION,
            )
    if settings.local and not streams_only:
        app.include_router(local.rpc_router)
    app.include_router(operations.router)
    app.openapi = lambda: schema_of(app)  # type: ignore[method-assign]
    if settings.frontend.is_dir() and not streams_only:
        app.mount("/", Page(settings.frontend), name="page")
    return app


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
