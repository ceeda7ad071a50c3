from __future__ import annotations

import asyncio

import httpx
import pytest
import requests
from fastapi import FastAPI
from redis.exceptions import ConnectionError as RedisAway

from server.api import problems
from server.api.problems import Problem
from server.store.admission import BallotError
from tests.server.api.problem import is_problem

ERRORS: dict[str, Exception] = {
    "problem": Problem(409, "the vote is over", code="closed", retry_after=7),
    "ballot": BallotError(404, "seat", "there is no seat 9"),
    "redis": RedisAway("secret:6379 refused"),
    "chain": requests.ConnectionError("https://key@node.example refused"),
    "bug": RuntimeError("a secret of the code"),
}


class Client:
    """Asks the application without a port."""

    def __init__(self, app: FastAPI) -> None:
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def ask(self, method: str, path: str) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://app") as client:
                return await client.request(method, path)

        return asyncio.run(send())


@pytest.fixture
def client() -> Client:
    app = FastAPI()
    problems.install(app)

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise ERRORS[name]

    @app.get("/number")
    def number(value: int) -> int:
        return value

    return Client(app)


def test_every_error_is_a_problem_with_a_sentence(client: Client) -> None:
    answer = client.ask("GET", "/raise/problem")
    body = is_problem(answer, 409)
    assert (body["code"], body["detail"], answer.headers["retry-after"]) == ("closed", "the vote is over", "7")
    ballot = is_problem(client.ask("GET", "/raise/ballot"), 404)
    assert (ballot["code"], ballot["detail"]) == ("seat", "there is no seat 9")
    is_problem(client.ask("GET", "/nowhere"), 404)
    is_problem(client.ask("POST", "/number"), 405)
    assert "value" in is_problem(client.ask("GET", "/number?value=x"), 422)["detail"]


def test_an_error_tells_a_visitor_nothing_of_the_inside(client: Client) -> None:
    redis, chain = client.ask("GET", "/raise/redis"), client.ask("GET", "/raise/chain")
    assert "Redis" in is_problem(redis, 503)["detail"] and redis.headers["retry-after"] == "1"
    assert "the chain" in is_problem(chain, 503)["detail"]
    bug = client.ask("GET", "/raise/bug")
    assert "in its log" in is_problem(bug, 500)["detail"]
    assert not any(word in answer.text for answer in (redis, chain, bug) for word in ("secret", "key@", "refused"))
