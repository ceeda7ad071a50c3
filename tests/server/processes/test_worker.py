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

import chess
import numpy as np
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Worker
from rq.exceptions import StopRequested

from engine import encoding
from server.processes import worker
from server.processes.worker import Bench, ProvingWorker
from server.settings import ROOT
from server.store import jobs, progress
from server.store.jobs import Jobs
from server.store.thinking import move_of, think
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
        bench = Bench(cast(Any, prover), table.chain, table.redis, table.keys, table.settings.payee, stop)
        monkeypatch.setattr(worker, "bench", bench)
        ProvingWorker(table.relay.jobs.queue, stop).work(burst=True, logging_level="WARNING")

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
    seen = progress.load(table.redis, table.keys, game)
    return seen is not None and seen.step == "quotient" and seen.fraction > 0


def step_of(table: Table, game: int) -> str | None:
    seen = progress.load(table.redis, table.keys, game)
    return None if seen is None else seen.step


def test_a_worker_proves_and_tells(table: Table, work: Callable[[SlowProver], None]) -> None:
    game = networks_turn(table)
    table.relay.step()
    assert step_of(table, game) == "queued"
    told = []
    work(SlowProver(1, lambda _: told.append(step_of(table, game))))
    assert "quotient" in told
    assert table.redis.exists(table.keys.thinking(game))
    position = table.chain.summary(game).position
    assert table.relay.jobs.queue.fetch_job(table.keys.job(game, 0, position.key)) is None
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
    table.run(lambda: table.document(game)["ply"] == 1)
    work(SlowProver(60))


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
    job = queue.fetch_job(table.keys.job(game, 0, table.chain.summary(game).position.key))
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
    monkeypatch.setattr(worker, "LOOK", 0.01)
    worker.work(table.relay.jobs.queue, stop)
    assert len(tries) == 3


@pytest.mark.slow
def test_a_worker_that_dies_or_is_told_to_stop_loses_its_job_to_another(table: Table, start: Start) -> None:
    game = networks_turn(table)
    first, second = start("2"), start("2")
    until(lambda: table.redis.scard("rq:workers") == 2)
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


# ------------------------------------------------------------------------------------------------------------- jobs


@pytest.fixture
def queue(redis: Redis, table: Table) -> Jobs:
    return table.relay.jobs


def test_a_job_is_asked_for_once(queue: Jobs) -> None:
    position = "0x" + "33" * 32
    assert queue.ensure(1, 2, position)
    queue._looked.clear()
    assert not queue.ensure(1, 2, position)
    assert len(queue.queue) == 1
    assert queue.ensure(1, 2, "0x" + "44" * 32)  # another position, after a reorganisation
    assert queue.ensure(1, 3, position)


def test_a_job_that_a_worker_took_and_never_began_is_asked_for_again(
    queue: Jobs, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = "0x" + "33" * 32
    queue.ensure(1, 2, position)
    table.redis.lmove(queue.queue.key, queue.queue.intermediate_queue_key, "LEFT", "RIGHT")
    queue._looked.clear()
    assert not queue.ensure(1, 2, position)
    monkeypatch.setattr(jobs, "PAUSE", 0)
    queue._looked.clear()
    assert queue.ensure(1, 2, position)
    assert len(queue.queue) == 1
    assert table.redis.llen(queue.queue.intermediate_queue_key) == 0


# --------------------------------------------------------------------------------------------------------- thinking


@pytest.mark.parametrize(
    "fen", [chess.STARTING_FEN, "4k3/P6P/8/3pP3/8/8/8/R3K2R w KQ d6 0 1", "4k3/8/8/8/8/8/p7/4K3 b - - 0 1"]
)
def test_indices_mean_moves(fen: str) -> None:
    board = chess.Board(fen)
    for index, move in encoding.legal_indices(board).items():
        meant = move_of(index, board.turn)
        assert meant is not None and (meant.from_square, meant.to_square) == (move.from_square, move.to_square)
        assert meant.promotion in (None, move.promotion)


def test_thinking_shows_illegal_moves_and_a_distribution_over_all() -> None:
    board = chess.Board()
    legal = encoding.legal_indices(board)
    logits = np.zeros(4672, dtype=np.int64)
    illegal = encoding.policy_index(chess.Move.from_uci("d1d5"), chess.WHITE)
    best = encoding.policy_index(chess.Move.from_uci("e2e4"), chess.WHITE)
    logits[illegal], logits[best] = 30_000, 20_000
    thinking = think(board, 0, logits, legal, 8192)
    assert [(thought.move, thought.san, thought.legal) for thought in thinking.moves[:2]] == [
        ("d1d5", None, False),
        ("e2e4", "e4", True),
    ]
    assert len(thinking.moves) == 10
    weights = np.exp(np.array([30_000, 20_000, 0]) / 8192.0)
    total = weights[0] + weights[1] + 4670
    assert thinking.moves[0].probability == pytest.approx(weights[0] / total)
