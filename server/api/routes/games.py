"""Games: the list, one document, its stream of changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from server import metrics
from server.api import publisher
from server.api.documents import matches
from server.api.pgn import pgn
from server.api.problems import Problem, answers
from server.api.shared import GameNumber, Shared, client
from server.api.stream import News
from server.api.views import Cards, Document, Filter, SeriesState
from server.model.game import Color, Outcome, State

PGN = "application/x-chess-pgn"
NDJSON = "application/x-ndjson"
SSE = "text/event-stream"

router, stream_router = APIRouter(tags=["games"]), APIRouter(tags=["games"])
"""Streams may be served by processes of their own."""


@router.get("/games")
async def games(
    request: Request,
    response: Response,
    api: Shared,
    before: Annotated[int | None, Query(ge=0, lt=1 << 32, description="games below this number")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="most games in an answer")] = 20,
    state: Annotated[State | None, Query(description="games in this state")] = None,
    outcome: Annotated[Outcome | None, Query(description="finished games with this outcome")] = None,
    world: Annotated[Color | None, Query(description="games in which the World has this colour")] = None,
) -> Cards:
    """Games, the newest first. `next` (and the header Link) is where to go on; null: these were the last.

    With a filter a page of the list may be short, or empty, and still have a `next`.
    """
    api.limit(api.reads, request)
    await api.visited()
    wanted = Filter(state=state, outcome=outcome, world=world)
    cards, below = await api.views.cards(before, limit, wanted)
    after = None
    if below is not None:
        given = {"before": below, "limit": limit, **wanted.given()}
        after = f"{request.url.path}?{urlencode(given)}"
        response.headers["Link"] = f'<{after}>; rel="next"'
    series = cast("SeriesState | None", await api.redis.get(api.names.series_state))
    return Cards(games=cards, series=series, next=after)


@router.get(
    "/games/{number}",
    response_model=Document,
    responses={
        200: {"content": {PGN: {"schema": {"type": "string"}, "example": '[Event "Proofmate game 3"]\n\n1. e4 *\n'}}},
        304: {"description": "If-None-Match names the present version."},
        **answers(404),
    },
)
async def game(
    request: Request,
    api: Shared,
    number: GameNumber,
    accept: Annotated[str, Header()] = "",
    accept_encoding: Annotated[str, Header()] = "",
    if_none_match: Annotated[str, Header()] = "",
) -> Any:
    """A game's document, with its version as ETag; as PGN with `Accept: application/x-chess-pgn`."""
    api.limit(api.reads, request)
    if PGN in accept:
        api.limit(api.costly, request)
        site = f"{request.url.scheme}://{request.url.netloc}/game/{number}"
        text = await run_in_threadpool(pgn, await api.game(number), site)
        return PlainTextResponse(text, media_type=PGN, headers={"Vary": "Accept"})
    document = await api.documents.get(number)
    if document is None:
        raise Problem(404, f"there is no game {number}", "game")
    headers = {"ETag": document.etag, "Vary": "Accept, Accept-Encoding"}
    if if_none_match and matches(if_none_match, document.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" in accept_encoding:
        headers["Content-Encoding"] = "gzip"
        return Response(document.compressed, media_type="application/json", headers=headers)
    return Response(document.body, media_type="application/json", headers=headers)


STREAM = {
    "description": "Events until the client leaves; after 4 seconds without one a ping (NDJSON: an empty line).",
    "content": {
        SSE: {
            "schema": {
                "type": "string",
                "description": "Events. `game`: id is the version, data a Document as JSON. `patch`, if asked for: id "
                "is the version, data a JSON Patch (RFC 6902: add, replace, remove) of the document before. `ping`: "
                "nothing new.",
            },
            "example": 'event: game\nid: 12\ndata: {"id":3,"version":12}\n\nevent: patch\nid: 13\n'
            'data: [{"op":"replace","path":"/vote/pending","value":4}]\n\nevent: ping\ndata:\n\n',
        },
        NDJSON: {"schema": {"$ref": "#/components/schemas/Document"}},
    },
}


@stream_router.get(
    "/games/{number}/stream",
    response_class=StreamingResponse,
    responses={200: STREAM, 307: {"description": "To a Mercure hub."}, **answers(404)},
)
async def stream(
    request: Request,
    api: Shared,
    number: GameNumber,
    last_event_id: Annotated[str | None, Header(max_length=32)] = None,
    accept: Annotated[str, Header()] = "",
    patch: Annotated[bool, Query(description="send what changed instead of whole documents")] = False,
) -> Response:
    """The document at once and after every change, as server-sent events `game` with its version as id.

    With `Accept: application/x-ndjson` one document a line. A reader that is slow skips documents and gets the newest.
    With Last-Event-ID nothing is sent before there is a newer document. 307: this server leaves its events to a Mercure
    hub, which sends whole documents after every change, and none at once.
    """
    api.limit(api.reads, request)
    await api.game(number)
    lines, hub = NDJSON in accept, api.settings.mercure_url
    if hub is not None and not lines:
        return RedirectResponse(publisher.redirect(api.settings, hub, number), headers={"Cache-Control": "no-store"})
    who = client(request)
    if not api.streams.take(who):
        metrics.streams_refused.inc()
        raise Problem(429, "too many open streams", "streams", retry_after=10)
    news = api.hub.watch(number, last_event_id)
    written = as_lines(news) if lines else as_events(news, patch)
    metrics.streams.inc()

    def done() -> None:
        metrics.streams.dec()
        api.streams.give(who)

    return EventStream(written, lines, done)


async def as_events(news: AsyncIterator[News | None], patches: bool) -> AsyncIterator[str]:
    """Server-sent events. A ping is one too: scripts cannot see comments."""
    async for new in news:
        if new is None:
            yield "event: ping\ndata:\n\n"
        elif patches and new.patch is not None:
            yield f"event: patch\nid: {new.version}\ndata: {new.patch}\n\n"
        else:
            yield f"event: game\nid: {new.version}\ndata: {new.document}\n\n"


async def as_lines(news: AsyncIterator[News | None]) -> AsyncIterator[str]:
    """Whole documents, one a line; an empty line is a ping."""
    async for new in news:
        yield "\n" if new is None else new.document + "\n"


class EventStream(StreamingResponse):
    """A stream that no proxy may buffer; `done` is called at its end, even if the client left before the beginning."""

    def __init__(self, events: AsyncIterator[str], lines: bool, done: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"}
        super().__init__(events, media_type=NDJSON if lines else SSE, headers=headers)
        self.done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.done()
