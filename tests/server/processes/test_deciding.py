"""The job that proves a vault's decision: behind those of games, and cancelled for them."""

from __future__ import annotations

from typing import Any, cast

import pytest
from redis import Redis

from engine.dense import Network
from engine.proof import Progress, Proof, ProofCancelled
from engine.rockefeller.hours import FEATURES
from engine.words import context_word
from server.chain.vault import NETWORK
from server.model.vault import key_of_input
from server.processes import deciding
from server.processes.deciding import Decider, Tools
from server.processes.worker import ProvingWorker
from server.store.records import DecisionProgress, StoredDecision
from tests.server.table import Table

FEATURES_GIVEN = list(range(-18, 18))
PAYEE = "0x" + "12" * 20
VAULT = "0x" + "34" * 20


class FourSteps:
    """A prover that asks at each of four steps whether to go on."""

    def __init__(self, during: Any = lambda step: None) -> None:
        self.during = during
        self.asked: list[tuple[Any, ...]] = []

    def prove(self, planes: Any, legal: Any, context: int, progress: Progress, cancelled: Any) -> Proof:
        self.asked.append((planes.shape, list(legal), context))
        for n, step in enumerate(("witness", "commitments", "quotient", "opening")):
            progress(step, n / 4)
            self.during(step)
            if cancelled():
                raise ProofCancelled
        return Proof(11 * 64 + 9, [1, 2, 3, 4, *range(12)], b"\xab\xcd", 2.5, 4)


@pytest.fixture
def tools(table: Table, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Tools:
    class Address:
        address = VAULT

    network = Network.load(NETWORK, FEATURES)
    decider = Decider(cast(Any, Address), network, cast(Any, FourSteps()), 31337)
    made = Tools(table.settings, redis, table.names, table.relay.jobs.queue, lambda: False, decider)
    monkeypatch.setattr(deciding, "tools", made)
    return made


def kept(tools: Tools) -> StoredDecision | None:
    return StoredDecision.load(
        cast("str | None", tools.redis.get(tools.names.decision(9, key_of_input(FEATURES_GIVEN))))
    )


def test_a_proof_is_kept_and_its_progress_told(tools: Tools) -> None:
    told: list[str] = []
    prover = FourSteps(lambda step: told.append(cast(str, tools.redis.get(tools.names.vault_progress))))
    assert tools.decider is not None
    tools.decider.prover = cast(Any, prover)
    deciding.decide(9, FEATURES_GIVEN, PAYEE)
    assert [DecisionProgress.load(text) for text in told] == [
        DecisionProgress(hour=9, step=step, fraction=n / 4)
        for n, step in enumerate(("witness", "commitments", "quotient", "opening"))
    ]
    assert prover.asked == [((32, 8, 8), tools.decider.network.classes, context_word(31337, VAULT, 9, PAYEE))]
    assert kept(tools) == StoredDecision(
        bucket=11, bitmap=("0x1", "0x2", "0x3", "0x4"), proof="0xabcd", payee=PAYEE, seconds=2.5
    )


def test_it_gives_way_to_a_game(tools: Tools, table: Table) -> None:
    assert tools.decider is not None
    tools.decider.prover = cast(
        Any, FourSteps(lambda step: step == "quotient" and table.relay.jobs.ensure(0, 1, "0x" + "11" * 32))
    )
    deciding.decide(9, FEATURES_GIVEN, PAYEE)  # ends without an error, so that the job is done with
    assert kept(tools) is None


def test_a_worker_that_stops_leaves_the_job_to_another(tools: Tools) -> None:
    tools.stopping = lambda: True
    with pytest.raises(ProofCancelled):
        deciding.decide(9, FEATURES_GIVEN, PAYEE)
    assert kept(tools) is None


def test_jobs_of_games_come_first(tools: Tools, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal
    import threading

    done: list[str] = []
    monkeypatch.setattr("server.processes.worker.prove", lambda *args: done.append("game"))
    monkeypatch.setattr(deciding, "decide", lambda *args: done.append("vault"))
    jobs = table.relay.jobs
    jobs.ensure_decision(9, key_of_input(FEATURES_GIVEN), FEATURES_GIVEN, PAYEE)
    jobs.ensure(0, 1, "0x" + "11" * 32)
    jobs.ensure(1, 1, "0x" + "22" * 32)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    try:
        queues = (jobs.queue, jobs.vault_queue)
        ProvingWorker(queues, threading.Event()).work(burst=True, logging_level="WARNING")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert done == ["game", "game", "vault"]
