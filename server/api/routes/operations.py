"""For the operator: health, metrics, and a description of the API."""

from __future__ import annotations

import asyncio
import html
import time

import prometheus_client as prometheus
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from redis.exceptions import RedisError, ResponseError

from server.api import problems
from server.api.shared import Api, Shared
from server.chain.node import Unreachable

HEAD_SECONDS = 120.0
"""A newest block older than this is no chain's but a local one's, which makes blocks on demand."""
READY_CACHE_SECONDS = 1.0
"""How long a healthy /readyz result is reused."""

router = APIRouter(include_in_schema=False)


@router.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request, api: Shared) -> JSONResponse:
    api.limit(api.reads, request)
    trouble = await _trouble(api)
    return JSONResponse({"status": "ok"}) if trouble is None else problems.response(503, trouble)


@router.get("/metrics")
async def metrics(request: Request, api: Shared) -> Response:
    api.limit(api.reads, request)
    await api.metrics.measure(api.redis, api.names, api.streams.open)
    return Response(api.metrics.text(), media_type=prometheus.CONTENT_TYPE_LATEST)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(_description(request.app))


async def _trouble(api: Api) -> str | None:
    """Why this server cannot serve now; None if it can."""
    if time.monotonic() < api.healthy_until:
        return None
    try:
        await asyncio.wait_for(api.redis.waitaof(1, 0, 1000), 2)
    except ResponseError:
        return "Redis keeps nothing on disk, so ballots could be lost; see REDIS_URL (7.2 or later, appendonly)"
    except (RedisError, TimeoutError):
        return "Redis does not answer; see REDIS_URL"
    try:
        head = await asyncio.wait_for(run_in_threadpool(api.chain.head), 5)
    except (*Unreachable, TimeoutError):
        return "the chain does not answer; see RPC_URL"
    age = time.time() - head.time
    if not api.settings.local and age > HEAD_SECONDS:
        return f"the chain's newest block is {age:.0f} s old; see RPC_URL"
    read, indexer, relay = await api.redis.mget(api.names.head, api.names.indexer, api.names.relay)
    if read is None:
        return "no indexer has read the chain yet"
    if indexer is None:
        return "no indexer is at work"
    if relay is None:
        return "no relay is at work"
    if relay:
        return str(relay)
    api.healthy_until = time.monotonic() + READY_CACHE_SECONDS
    return None


def _description(app: FastAPI) -> str:
    """The API on one page, without scripts of other origins."""
    schema = app.openapi()
    rows = "".join(
        f"<h2><code>{verb.upper()} {html.escape(path)}</code></h2><p>{html.escape(entry.get('description', ''))}</p>"
        for path, verbs in schema["paths"].items()
        for verb, entry in verbs.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Proofmate API</title><h1>Proofmate API</h1><p>Schema: <a href='/openapi.json'>openapi.json</a></p>"
        f"{rows}</html>"
    )
