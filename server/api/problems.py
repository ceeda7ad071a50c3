"""Every error as RFC 9457 `application/problem+json`: title, status, and a sentence to show."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from server import metrics
from server.chain.node import Unreachable
from server.logline import line
from server.store.admission import BallotError
from server.store.connect import AWAY, away
from server.store.journal import DatabaseAway

log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818
    """An error answer. `code` is for programs and the page's translations, `detail` a sentence for people."""

    def __init__(self, status: int, detail: str, code: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.retry_after = retry_after


class ProblemBody(BaseModel):
    """Why a request failed (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "there is no game 7"},
            ]
        }
    )

    type: str = Field(description="always about:blank: the status says what kind of problem it is")
    title: str
    status: int
    detail: str = Field(description="a sentence to show")
    code: str | None = Field(default=None, description="for programs; ballots have one")


MEANING = {
    400: "The request cannot be read.",
    404: "There is no such thing.",
    408: "The body did not arrive within 10 seconds.",
    409: "Not now, or not again; `code` says which.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "A value has the wrong form; `detail` names it.",
    429: "Too many requests; Retry-After says in how many seconds the next is taken.",
    500: "A mistake of the server's.",
    503: "Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again.",
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route can answer with, for its schema."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    later = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return {
        status: {"description": MEANING[status], "content": content}
        | ({"headers": later} if status in (429, 503) else {})
        for status in statuses
    }


def response(status: int, detail: str, code: str | None = None, retry_after: int | None = None) -> JSONResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    if code is not None:
        body["code"] = code
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return response(error.status, error.detail, error.code, error.retry_after)

    @app.exception_handler(BallotError)
    async def ballot(_: Request, error: BallotError) -> JSONResponse:
        metrics.refused.labels(error.code).inc()
        return response(error.status, error.detail, error.code, error.retry_after)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        made = response(error.status_code, str(error.detail))
        made.headers.update(error.headers or {})  # Allow, of a 405
        return made

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("body", "path", "query"))
        said = f"{place or 'body'}: {first['msg']}"
        return response(422, said, "form")

    async def unanswered(_: Request, error: Exception) -> JSONResponse:
        what = away(error)
        metrics.faults.labels(what).inc()
        log.warning(line(f"{what}_away", error=error))
        return response(503, f"{AWAY[what]} does not answer now; try again soon", "away", retry_after=1)

    for kind in (RedisError, DatabaseAway, *Unreachable):
        app.add_exception_handler(kind, unanswered)

    @app.exception_handler(Exception)
    async def bug(_: Request, error: Exception) -> JSONResponse:
        return response(500, "the server made a mistake; it is in its log", "mistake")
