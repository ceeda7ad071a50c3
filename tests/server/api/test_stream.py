from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any, cast

import httpx
import hypothesis.strategies
import pytest

from server import metrics
from server.api import stream
from tests.server.table import Table, run_valkey, serve


def read_events(client: httpx.Client, path: str, count: int, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    """The first events of a stream, as (id, document)."""
    events: list[tuple[str, dict[str, Any]]] = []
    identity = ""
    with client.stream("GET", path, headers=headers, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id: "):
                identity = line[4:]
            if line.startswith("data: "):
                events.append((identity, json.loads(line[6:])))
                if len(events) == count:
                    return events
    return events


def test_a_stream_begins_with_the_document_and_goes_on_with_every_change(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    path = f"/api/games/{game}/stream"
    with serve(table) as client:
        ((version, document),) = read_events(client, path, 1)
        assert document["id"] == game and str(document["version"]) == version
        threading.Timer(0.3, lambda: (table.stake(game), table.indexer.step())).start()
        started = time.monotonic()
        ((newer, document),) = read_events(client, path, 1, **{"Last-Event-ID": version})
        assert time.monotonic() - started > 0.25  # what the client had was not sent again
        assert int(newer) > int(version) and document["seats"] == 1


def test_a_stream_is_paced(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    stop = threading.Event()

    def shake() -> None:
        while not stop.wait(0.01):
            table.redis.incr(table.names.version(game))
            table.redis.publish(table.names.changes, str(game))

    thread = threading.Thread(target=shake)
    thread.start()
    try:
        with serve(table) as client:
            started = time.monotonic()
            read_events(client, f"/api/games/{game}/stream", 5)
            assert time.monotonic() - started > 0.9
    finally:
        stop.set()
        thread.join()


def test_one_visitor_has_so_many_streams(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    with serve(table) as client:
        open_streams = [client.stream("GET", f"/api/games/{game}/stream") for _ in range(20)]
        for stream in open_streams:
            assert stream.__enter__().status_code == 200
        assert client.get(f"/api/games/{game}/stream").status_code == 429
        for stream in open_streams:
            stream.__exit__(None, None, None)
        time.sleep(0.3)
        assert len(read_events(client, f"/api/games/{game}/stream", 1)) == 1


def test_who_leaves_at_once_holds_no_stream(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    request = f"GET /api/games/{game}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with serve(table) as client:
        for pause in [0, 0, 0.001, 0.005, 0.02] * 6:
            with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as hasty:
                hasty.sendall(request)
                time.sleep(pause)
        end = time.monotonic() + 5
        while metrics.streams.collect()[0].samples[0].value:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_silence_is_broken_by_pings(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING_SECONDS", 0.1)
    game = table.new_game()
    table.indexer.step()
    with serve(table) as client, client.stream("GET", f"/api/games/{game}/stream") as answer:
        lines = answer.iter_lines()
        assert "event: ping" in (next(lines) for _ in range(10))
        assert next(lines) == "data:"  # without data a browser drops the event


def test_a_new_stream_begins_with_the_present_clock(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    path = f"/api/games/{game}/stream"
    with serve(table) as client, client.stream("GET", path) as watched:
        lines = watched.iter_lines()
        before = next(json.loads(line[6:]) for line in lines if line.startswith("data: "))
        table.rpc("evm_increaseTime", 300)
        table.mine()
        table.indexer.step()
        ((version, document),) = read_events(client, path, 1)
        assert version == str(before["version"]) and document["now"] >= before["now"] + 290


def test_a_stream_outlives_redis(table: Table) -> None:
    game = table.new_game()
    folder = Path("/tmp") / f"pm-stream-{os.getpid()}"
    folder.mkdir()
    try:
        object.__setattr__(table.settings, "redis_url", f"unix://{folder}/socket")
        with run_valkey(folder) as redis:
            other = Table(table.settings, redis)
            other.indexer.step()
            with serve(other) as client, client.stream("GET", f"/api/games/{game}/stream", timeout=20) as answer:
                documents = (json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: "))
                assert next(documents)["seats"] == 0
                os.kill(redis.info("server")["process_id"], signal.SIGKILL)
                time.sleep(0.3)
                with run_valkey(folder) as again:
                    table.stake(game)
                    later = Table(table.settings, again)
                    later.indexer.step()
                    while not later.indexer.step() and later.document(game)["seats"] == 0:
                        again.delete(later.names.indexer)  # the lease of the one before
                    assert next(documents)["seats"] == 1
    finally:
        shutil.rmtree(folder)


def test_what_changed_is_sent_to_who_has_the_rest(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    path = f"/api/v1/games/{game}/stream"
    with serve(table) as client, client.stream("GET", f"{path}?patch=true", timeout=20) as answer:
        lines = answer.iter_lines()
        events = (line for line in lines if line.startswith(("event: ", "data: ")) and "ping" not in line)
        assert next(events) == "event: game"
        document = json.loads(next(events)[6:])
        for _ in range(2):
            table.stake(game)
            table.indexer.step()
            assert next(events) == "event: patch"
            data = next(events)[6:]
            patch = json.loads(data)
            assert len(data) < len(json.dumps(document)) / 2
            document = applied(document, patch)
        ((_, whole),) = read_events(client, path, 1)
        assert {**document, "now": 0} == {**whole, "now": 0} and document["seats"] == 2


def applied(document: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """A JSON Patch applied, as RFC 6902 says."""
    made: Any = json.loads(json.dumps(document))
    for step in patch:
        *parents, name = step["path"].split("/")[1:]
        held = made
        for parent in parents:
            held = held[parent]
        if name == "-":
            held.append(step["value"])
        elif step["op"] == "remove":
            del held[name]
        else:
            assert (step["op"] == "add") == (name not in held)
            held[name] = step["value"]
    return cast("dict[str, Any]", made)


VALUES = hypothesis.strategies.recursive(
    hypothesis.strategies.integers(0, 3) | hypothesis.strategies.none(),
    lambda inner: (
        hypothesis.strategies.lists(inner, max_size=3)
        | hypothesis.strategies.dictionaries(hypothesis.strategies.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
DOCUMENTS = hypothesis.strategies.dictionaries(hypothesis.strategies.sampled_from("abcd"), VALUES, max_size=4)


@hypothesis.given(DOCUMENTS, DOCUMENTS)
def test_a_patch_turns_any_document_into_any_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert applied(old, stream.difference(old, new)) == new


def test_documents_as_lines(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PING_SECONDS", 0.1)
    game = table.new_game()
    table.indexer.step()
    accept = {"Accept": "application/x-ndjson"}
    with serve(table) as client, client.stream("GET", f"/api/v1/games/{game}/stream", headers=accept) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = answer.iter_lines()
        assert json.loads(next(lines))["id"] == game and next(lines) == ""
