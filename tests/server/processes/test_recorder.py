"""The recorder: nothing lost, nothing twice, and nobody waits for the database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from prometheus_client import REGISTRY

from server.local.probe import unused_port
from server.processes import recorder as module
from server.processes.recorder import Recorder
from server.settings import ROOT
from server.store.database import Record
from server.store.journal import DatabaseAway, note
from tests.server.store.test_database import engines_are_closed, receipt
from tests.server.table import ETHER, Table, serve, variables

assert engines_are_closed  # for every test here


@pytest.fixture
def recorder(table: Table) -> Recorder:
    return Recorder(table.redis, table.names, Record(table.settings))


def fill(table: Table, seats: Iterable[int]) -> None:
    """Notes a receipt of each seat."""
    with table.redis.pipeline() as pipe:
        for seat in seats:
            entry = receipt(seat)
            note(pipe, table.names, entry.kind, entry.game, entry.record)
        pipe.execute()


def seats(record: Record) -> list[int]:
    return [row["seat"] for row in record.read("receipt", 3)]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_game_is_recorded_whole(table: Table, recorder: Recorder) -> None:
    game, voters = table.start(2 * ETHER, ETHER, maxPly=2)
    table.relay.step()
    with serve(table) as client:
        for voter, uci in zip(voters, ("e2e4", "d2d4"), strict=True):
            body = table.sign(voter, game, uci)
            answer = client.post(f"/api/games/{game}/ballots", json=body)
            assert answer.status_code == 202, answer.text
            assert client.post(f"/api/games/{game}/ballots", json=body).json() == answer.json()
        other = client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "a2a3"))
        assert other.json()["code"] in ("voted", "often")
        table.run(lambda: table.document(game)["state"] == "prove")
        table.prove(game, "e7e5")
        table.run(lambda: table.document(game)["state"] == "over")
    assert recorder.step() is False
    record = recorder.record
    assert [(row["seat"], row["move"]) for row in record.read("receipt", game)] == [(0, "e2e4"), (1, "d2d4")]
    assert [row["seat"] for row in record.read("refusal", game)] == [0], "noted at the api's end"
    (over,) = record.read("game", game)
    assert over["outcome"] == "draw" and table.redis.get(table.names.game(game)) == over["document"]
    assert table.redis.xlen(table.names.journal) == 0


def test_batches_follow_each_other(table: Table, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    fill(table, range(10))
    assert [recorder.step() for _ in range(4)] == [True, True, False, False]
    assert seats(recorder.record) == [*range(10)]


def test_killed_between_writing_and_removing_it_writes_nothing_twice(
    table: Table, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(table, range(10))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(table.redis, "xdel", killed)
        recorder.step()
    assert table.redis.xlen(table.names.journal) == 10 and seats(recorder.record) == [*range(10)]
    assert recorder.step() is False
    assert table.redis.xlen(table.names.journal) == 0 and seats(recorder.record) == [*range(10)]


def test_an_entry_that_can_never_be_written_keeps_no_other_waiting(table: Table, recorder: Recorder) -> None:
    before = value("proofmate_unrecorded_total")
    table.redis.xadd(table.names.journal, {"kind": "receipt", "game": "3", "text": "{"})
    with table.redis.pipeline() as pipe:
        note(pipe, table.names, "receipt", 1 << 80, receipt(0).record)
        pipe.execute()
    fill(table, range(3))
    recorder.step()
    assert seats(recorder.record) == [0, 1, 2] and table.redis.xlen(table.names.journal) == 0
    assert value("proofmate_unrecorded_total") == before + 2


def test_one_of_two_writes(table: Table, recorder: Recorder) -> None:
    fill(table, range(1))
    second = Recorder(table.redis, table.names, recorder.record)
    assert recorder.lease.hold()
    assert second.step() is False and table.redis.xlen(table.names.journal) == 1
    recorder.lease.release()
    second.step()
    assert table.redis.xlen(table.names.journal) == 0


@contextmanager
def running(table: Table, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A recorder as a process, and the address of its operator's port; killed at the end."""
    port = str(unused_port())
    given = {**os.environ, **variables(table.settings), "OPERATOR_PORT": port, **settings}
    process = subprocess.Popen([sys.executable, "-m", "server.cli", "recorder"], cwd=ROOT, env=given)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        table.redis.delete(table.names.recorder)  # as if its lease had run out


def get(url: str) -> tuple[int, str]:
    """Status and text of an answer; 0: none."""
    try:
        answer = httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return 0, ""
    return answer.status_code, answer.text


def await_that(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_dead_database_is_said_and_ballots_go_on(table: Table) -> None:
    here, away = table.settings, "postgresql://nobody@127.0.0.1:1/none"
    game, voters = table.start(votingPeriod=2000, minPeriod=1000)
    table.relay.step()
    with running(table, DATABASE_URL=away) as (_, port):
        await_that(lambda: get(f"{port}/readyz") == (503, "the database does not answer\n"))
        assert 'proofmate_faults_total{of="database"}' in get(f"{port}/metrics")[1]
        assert get(f"{port}/livez")[0] == 200, "it waits, and is not to be restarted"
        table.settings = replace(here, database_url=away)
        with serve(table) as client:
            table.relay.step()
            began = time.monotonic()
            answer = client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
            assert answer.status_code == 202 and time.monotonic() - began < 2
            thoughts = client.get(f"/api/games/{game}/thoughts/0")
            assert thoughts.status_code == 503 and "database" in thoughts.json()["detail"]
    assert table.redis.xlen(table.names.journal) == 1, "it waits"
    back = Recorder(table.redis, table.names, Record(here))
    back.step()
    assert [row["seat"] for row in back.record.read("receipt", game)] == [voters[0].seat]


def test_a_database_that_refuses_is_no_reason_to_leave_entries_out(
    table: Table, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(table, range(2))
    recorder.migrated = True  # the tables are not there: a fault of the database's, not of the entries
    with pytest.raises(DatabaseAway, match="no such table"):
        recorder.step()
    assert table.redis.xlen(table.names.journal) == 2


@pytest.mark.slow
def test_killed_again_and_again_while_it_writes(table: Table) -> None:
    """kill -9 in the middle of its work: each receipt is in the database once, and the journal is empty in the end."""
    record = Record(table.settings)
    total, kills = 6000, 2
    for kill in range(kills):
        fill(table, range(kill * total // kills, (kill + 1) * total // kills))
        before = len(seats(record))
        with running(table):
            await_that(lambda before=before: len(seats(record)) >= before + 500)
    with running(table) as (_, port):
        await_that(lambda: table.redis.xlen(table.names.journal) == 0)
        await_that(lambda: get(f"{port}/readyz")[0] == 200)
    assert seats(record) == [*range(total)]
