"""Health, and a description of the API. Metrics are on the operator's port (server/ops/port.py)."""

from __future__ import annotations

import asyncio
import html
import time

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse
from redis.exceptions import RedisError, ResponseError

from server.api import problems
from server.api.shared import Api, Shared
from server.chain.node import Unreachable
from server.ops.port import PULSE

HEAD_SECONDS = 120.0
"""A newest block older than this is no chain's but a local one's, which makes blocks on demand."""
READY_CACHE_SECONDS = 1.0
"""How long a healthy /readyz result is reused."""

BEAT_SECONDS = 2.0
"""Time between two looks for the operator's port."""

router = APIRouter(include_in_schema=False)


@router.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request, api: Shared) -> JSONResponse:
    api.limit(api.reads, request)
    trouble = await _trouble(api)
    return JSONResponse({"status": "ok"}) if trouble is None else problems.response(503, trouble)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(_description(request.app))


async def beat(api: Api) -> None:
    """Tells the operator's port every BEAT_SECONDS how this process is."""
    while True:
        PULSE.beat(await _look(api))
        await asyncio.sleep(BEAT_SECONDS)


async def _trouble(api: Api) -> str | None:
    """Why this server cannot serve now; None if it can."""
    if time.monotonic() < api.healthy_until:
        return None
    trouble = await _look(api)
    if trouble is None:
        api.healthy_until = time.monotonic() + READY_CACHE_SECONDS
    return trouble


async def _look(api: Api) -> str | None:
    try:
        _, there = await asyncio.wait_for(api.redis.waitaof(1, replicas := api.settings.redis_replicas, 1000), 2)
    except ResponseError:
        return "Redis keeps nothing on disk, so ballots could be lost; see REDIS_URL (7.2 or later, appendonly)"
    except (RedisError, TimeoutError):
        return "Redis does not answer; see REDIS_URL"
    if there < replicas:
        return f"{there} of {replicas} replicas of Redis keep up with it; see REDIS_REPLICAS"
    try:
        head = await asyncio.wait_for(run_in_threadpool(api.chain.head), 5)
    except (*Unreachable, TimeoutError):
        return "the chain does not answer; see RPC_URL"
    age = time.time() - head.time
    if not api.settings.local and age > HEAD_SECONDS:
        return f"the chain's newest block is {age:.0f} s old; see RPC_URL"
    try:
        read, indexer, relay = await api.redis.mget(api.names.head, api.names.indexer, api.names.relay)
    except RedisError:
        return "Redis does not answer; see REDIS_URL"
    if read is None:
        return "no indexer has read the chain yet"
    if indexer is None:
        return "no indexer is at work"
    if relay is None:
        return "no relay is at work"
    if relay:
        return str(relay)
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
