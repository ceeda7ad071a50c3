from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Worker
from rq.exceptions import StopRequested

from server.processes import worker
from server.processes.worker import ProvingWorker, Tools
from server.settings import ROOT
from server.store import progress
from tests.server.slow_worker import SlowProver
from tests.server.table import Table, variables

Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(table: Table) -> Iterator[Start]:
    """Starts slow workers."""
    started: list[subprocess.Popen[bytes]] = []
    environment = variables(table.settings)

    def start(seconds: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.server.slow_worker", seconds]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def work(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[SlowProver], None]]:
    """Does all the jobs that wait, here, with a slow prover."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}

    def work(prover: SlowProver) -> None:
        stop = threading.Event()
        tools = Tools(cast(Any, prover), table.chain, table.redis, table.names, table.settings.payee, stop)
        monkeypatch.setattr(worker, "tools", tools)
        ProvingWorker([table.relay.jobs.queue], stop).work(burst=True, logging_level="WARNING")

    yield work
    for number, handler in handlers.items():
        signal.signal(number, handler)


def until(condition: Callable[[], Any], seconds: float = 30) -> float:
    """Waits; how long it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "it never came to that"
        time.sleep(0.05)
    return time.monotonic() - started


def networks_turn(table: Table) -> int:
    game, _ = table.start(worldIsWhite=False)
    assert table.document(game)["state"] == "prove"
    return game


def under_way(table: Table, game: int) -> bool:
    seen = progress.load(table.redis, table.names, game)
    return seen is not None and seen.step == "quotient" and seen.fraction > 0


def step_of(table: Table, game: int) -> str | None:
    seen = progress.load(table.redis, table.names, game)
    return None if seen is None else seen.step


def test_a_worker_proves_and_tells(table: Table, work: Callable[[SlowProver], None]) -> None:
    game = networks_turn(table)
    table.relay.step()
    assert step_of(table, game) == "queued"
    told = []
    work(SlowProver(1, lambda _: told.append(step_of(table, game))))
    assert "quotient" in told
    assert table.redis.exists(table.names.thinking(game))
    position = table.chain.summary(game).position
    assert table.relay.jobs.queue.fetch_job(table.names.job(game, 0, position.key)) is None
    table.run(lambda: table.document(game)["ply"] == 1)
    assert step_of(table, game) == "verified"


def test_a_proof_that_nobody_needs_any_more_is_cancelled(table: Table, work: Callable[[SlowProver], None]) -> None:
    game = networks_turn(table)
    table.relay.step()

    def somebody_is_faster(tick: int) -> None:
        if tick == 3:
            table.prove(game)
            table.run(lambda: table.document(game)["ply"] == 1)

    started = time.monotonic()
    work(SlowProver(60, somebody_is_faster))
    assert time.monotonic() - started < 10
    assert len(table.relay.jobs.queue.failed_job_registry) == 0


def test_a_job_of_a_ply_that_is_over_does_nothing(table: Table, work: Callable[[SlowProver], None]) -> None:
    game = networks_turn(table)
    table.relay.step()
    table.prove(game)
    position = table.chain.summary(game).position
    table.run(lambda: table.document(game)["ply"] == 1)
    ticks: list[int] = []
    work(SlowProver(60, ticks.append))
    assert not ticks, "the prover was asked"
    assert not table.redis.exists(table.names.thinking(game))
    assert table.relay.jobs.queue.fetch_job(table.names.job(game, 0, position.key)) is None


def test_a_proof_that_fails_is_tried_again_later(table: Table, work: Callable[[SlowProver], None]) -> None:
    game = networks_turn(table)
    table.relay.step()
    tries = []

    def fail(tick: int) -> None:
        tries.append(tick)
        raise RuntimeError("no proof today")

    work(SlowProver(1, fail))
    assert len(tries) == 4
    queue = table.relay.jobs.queue
    job = queue.fetch_job(table.names.job(game, 0, table.chain.summary(game).position.key))
    assert job is not None and job.is_failed
    table.relay.jobs._looked.clear()
    table.relay.step()
    assert len(queue) == 0  # not at once
    job.ended_at = datetime.now(UTC) - timedelta(seconds=60)
    job.save()
    table.relay.jobs._looked.clear()
    table.relay.step()
    work(SlowProver(0.1))
    table.run(lambda: table.document(game)["ply"] == 1)


def test_a_worker_waits_for_redis(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, tries = threading.Event(), []

    class NoRedis:
        def __init__(self, *_: Any) -> None:
            tries.append(1)
            if len(tries) == 3:
                stop.set()
                raise StopRequested
            raise RedisConnectionError("away")

    monkeypatch.setattr(worker, "ProvingWorker", NoRedis)
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.01)
    worker.work([table.relay.jobs.queue], stop)
    assert len(tries) == 3


@pytest.mark.slow
def test_a_worker_that_dies_or_is_told_to_stop_loses_its_job_to_another(table: Table, start: Start) -> None:
    game = networks_turn(table)
    first, second = start("2"), start("2")
    until(lambda: table.redis.scard("rq:workers") == 2, 90)
    table.relay.step()
    until(lambda: under_way(table, game))
    busy = next(found for found in Worker.all(table.relay.jobs.redis) if found.get_state() == "busy")
    dead, alive = (first, second) if busy.pid == first.pid else (second, first)
    dead.kill()
    killed = time.monotonic()
    table.run(lambda: table.document(game)["ply"] == 1, seconds=30)
    assert time.monotonic() - killed < 17

    game = networks_turn(table)
    table.relay.step()
    until(lambda: under_way(table, game))
    alive.send_signal(signal.SIGTERM)
    assert alive.wait(5) == 0
    assert len(table.relay.jobs.queue) == 1  # for whoever comes next
