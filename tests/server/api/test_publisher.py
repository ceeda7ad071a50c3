from __future__ import annotations

import asyncio
import http.server
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from server.api import publisher
from server.settings import Settings
from server.store.connect import async_redis, connect_redis
from server.store.lease import Lease
from tests.server.processes.test_run import environment, running
from tests.server.table import Table, serve

TOKEN = "a-token-of-the-hub"


class Hub(http.server.ThreadingHTTPServer):
    """Takes what a Mercure hub takes, from who has the token; `away`: it answers 503."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.updates: list[dict[str, str]] = []
        self.away = False
        self.url = f"http://127.0.0.1:{self.server_address[1]}/.well-known/mercure"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hub: Any = self.server
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        allowed = self.headers["authorization"] == f"Bearer {TOKEN}"
        self.send_response(503 if hub.away else 200 if allowed else 401)
        self.end_headers()
        if allowed and not hub.away and urlsplit(self.path).path == "/.well-known/mercure":
            hub.updates.append({name: value for name, (value,) in parse_qs(body, keep_blank_values=True).items()})

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


async def publishing(settings: Settings, token: str, script: Any) -> None:
    """Runs a publisher while `script`, in a thread, does things and waits."""
    redis = async_redis(settings, 4)
    async with httpx.AsyncClient(trust_env=False) as client:
        lease = Lease(connect_redis(settings), "publisher")
        task = asyncio.create_task(publisher.Publisher(settings, token, redis, client, lease).run())
        await asyncio.to_thread(script)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await redis.aclose(close_connection_pool=True)


def until(holds: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


def test_what_changes_is_posted_and_a_hub_that_was_away_gets_the_newest(
    table: Table, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "PING_SECONDS", 0.2)
    settings = replace(table.settings, mercure_url=hub.url)
    game = table.new_game()
    table.indexer.step()

    def documents() -> list[dict[str, Any]]:
        return [json.loads(update["data"]) for update in hub.updates if update["type"] == "game"]

    def script() -> None:
        until(lambda: [document["seats"] for document in documents()] == [0])
        table.stake(game)
        table.indexer.step()
        until(lambda: documents()[-1]["seats"] == 1)
        hub.away = True
        for _ in range(3):
            table.stake(game)
            table.indexer.step()
        hub.updates.clear()
        hub.away = False
        until(documents)
        assert [document["seats"] for document in documents()] == [4], "one document, the newest"
        until(lambda: [update for update in hub.updates if update["type"] == "ping"])

    asyncio.run(publishing(settings, TOKEN, script))
    update = next(update for update in hub.updates if update["type"] == "game")
    name = f"urn:proofmate:31337:{table.settings.contract.lower()}:{game}"
    assert (update["topic"], update["id"]) == (name, f"{game}-{json.loads(update['data'])['version']}")


def test_a_wrong_token_publishes_nothing_and_is_not_logged(
    table: Table, hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    settings = replace(table.settings, mercure_url=hub.url)
    table.new_game()
    table.indexer.step()
    asyncio.run(publishing(settings, "another-token", lambda: until(lambda: "publisher_waits" in caplog.text)))
    assert hub.updates == [] and "401" in caplog.text and "another-token" not in caplog.text


def test_one_of_two_posts(table: Table, hub: Hub) -> None:
    settings = replace(table.settings, mercure_url=hub.url)
    game = table.new_game()
    table.indexer.step()
    other = Lease(table.redis, "publisher", 60)
    assert other.hold()
    asyncio.run(publishing(settings, TOKEN, lambda: time.sleep(0.6)))
    assert hub.updates == []
    other.release()
    asyncio.run(publishing(settings, TOKEN, lambda: until(lambda: len(hub.updates) >= 2)))
    assert {update["topic"].rpartition(":")[2] for update in hub.updates} == {str(game), "ping"}


def test_readers_of_events_are_sent_to_the_hub(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    settings = replace(table.settings, mercure_url="https://hub.example.org/.well-known/mercure")
    with serve(replace(table, settings=settings)) as client:
        answer = client.get(f"/api/v1/games/{game}/stream?patch=true")
        assert answer.status_code == 307
        place = urlsplit(answer.headers["location"])
        assert (place.hostname, place.path) == ("hub.example.org", "/.well-known/mercure")
        prefix = f"urn:proofmate:31337:{settings.contract.lower()}"
        assert parse_qs(place.query) == {"topic": [f"{prefix}:{game}", f"{prefix}:ping"]}
        assert "https://hub.example.org" in client.get("/api/v1/config").headers["content-security-policy"]
        assert client.get("/api/v1/games/99/stream").status_code == 404
        with client.stream("GET", f"/api/v1/games/{game}/stream", headers={"Accept": "application/x-ndjson"}) as lines:
            assert json.loads(next(lines.iter_lines()))["id"] == game


@pytest.mark.slow
def test_the_process_posts_and_stops_when_told(table: Table, hub: Hub) -> None:
    game = table.new_game()
    table.indexer.step()
    with running(environment(table.settings, MERCURE_URL=hub.url, MERCURE_TOKEN=TOKEN), "publisher") as (process,):
        until(lambda: any(update["topic"].endswith(f":{game}") for update in hub.updates), 60)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=10)
        assert process.returncode == 0 and "Traceback" not in said and TOKEN not in said
    with running(environment(table.settings, MERCURE_URL=hub.url), "publisher") as (process,):
        _, said = process.communicate(timeout=60)
        assert process.returncode == 2 and said.startswith("proofmate: MERCURE_TOKEN: missing")
