"""Every error as RFC 9457 `application/problem+json`: title, status, and a sentence to show."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException

from server.chain.node import Unreachable
from server.logline import line
from server.store.admission import BallotError

log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818
    """An error answer. `code` is for programs and the page's translations, `detail` a sentence for people."""

    def __init__(self, status: int, detail: str, code: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.retry_after = retry_after


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
        return response(error.status, error.detail, error.code, error.retry_after)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return response(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("body", "path", "query"))
        return response(422, f"{place or 'body'}: {first['msg']}")

    async def away(_: Request, error: Exception) -> JSONResponse:
        what = "Redis" if isinstance(error, RedisError) else "the chain"
        log.warning(line("redis_away" if isinstance(error, RedisError) else "chain_away", error=error))
        return response(503, f"{what} does not answer now; try again soon", "away", retry_after=1)

    for kind in (RedisError, *Unreachable):
        app.add_exception_handler(kind, away)

    @app.exception_handler(Exception)
    async def bug(_: Request, error: Exception) -> JSONResponse:
        return response(500, "the server made a mistake; it is in its log", "mistake")
