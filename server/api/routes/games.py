"""Games: the list, one document, its stream of changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from server.api.problems import Problem
from server.api.shared import GameNumber, Shared, client
from server.api.views import Cards, Document, pgn

PGN = "application/x-chess-pgn"

router = APIRouter()


@router.get("/api/games")
async def games(
    request: Request,
    api: Shared,
    before: Annotated[int | None, Query(ge=0, lt=1 << 32)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Cards:
    """Games, the newest first; `before` a number."""
    api.limit(api.reads, request)
    await api.visited()
    cards = await api.views.cards(before, limit)
    return cards.model_copy(update={"series": await api.redis.get(api.names.series_state)})


@router.get("/api/games/{number}", response_model=Document, responses={200: {"content": {PGN: {}}}})
async def game(request: Request, api: Shared, number: GameNumber, accept: Annotated[str, Header()] = "") -> Any:
    """A game's document; as PGN with `Accept: application/x-chess-pgn`."""
    api.limit(api.reads, request)
    if PGN in accept:
        api.limit(api.costly, request)
        return PlainTextResponse(await run_in_threadpool(pgn, await api.game(number)), media_type=PGN)
    document = await api.views.document(number)
    if document is None:
        raise Problem(404, f"there is no game {number}", "game")
    return Response(document.dump(), media_type="application/json")


@router.get("/api/games/{number}/stream", response_class=StreamingResponse)
async def stream(
    request: Request,
    api: Shared,
    number: GameNumber,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
) -> StreamingResponse:
    """The document at once and after every change, as server-sent events `game` with its version as id."""
    api.limit(api.reads, request)
    await api.game(number)
    who = client(request)
    if not api.streams.take(who):
        raise Problem(429, "too many open streams", "streams", retry_after=10)
    return EventStream(api.hub.watch(number, last_event_id), lambda: api.streams.give(who))


class EventStream(StreamingResponse):
    """Server-sent events; `done` is called at the end, even if the client left before the beginning."""

    def __init__(self, events: AsyncIterator[str], done: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self.done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.done()
