"""A keeper on a real chain: what it records, what it sends, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from redis import Redis

from engine.rockefeller.hours import part
from server.model.vault import BOUNDARIES, key_of_input
from server.processes.keeper import Desk, run
from server.settings import Settings, SettingsError
from server.store.records import StoredDecision
from tests.server.table import Table
from tests.server.vaults import LocalVault


@pytest.fixture
def kept(table: Table) -> LocalVault:
    return LocalVault(table)


def test_it_records_the_window_and_decides_once_an_hour(kept: LocalVault) -> None:
    keeper = kept.keeper()
    assert keeper.decide() is None  # nothing is recorded
    assert len(keeper.record()) == BOUNDARIES and keeper.record() == []
    hour = kept.vault.hour()
    decision = keeper.decide()
    assert decision is not None and decision.hour == hour and decision.bucket == kept.chosen(hour)
    assert decision.seconds == 1.5 and kept.call.decidedHour().call() == hour
    assert keeper.decide() is None and kept.keeper().decide() is None  # another keeper of the same hour as well

    kept.pass_hour()
    assert len(keeper.record()) == 1
    second = keeper.decide()
    assert second is not None and second.hour == hour + 1


def test_decisions_to_hold_are_sent_only_if_asked_for(kept: LocalVault) -> None:
    def hold(hour: int, features: Sequence[int], payee: str) -> StoredDecision:
        return kept.proven(5, payee)

    keeper = kept.keeper(hold, holds=False)
    keeper.network = holding = kept.network.dense(
        [layer * 0 for layer in kept.network._dense],
        [layer.biases * 0 + (np.arange(len(layer.biases)) == 5) for layer in kept.network.layers],
    )
    assert part(int(holding.classify([[0] * 36])[0])) == 0
    keeper.record()
    assert keeper.decide() is None and keeper.looked == kept.vault.hour()
    keeper = kept.keeper(hold, holds=True)
    sent = keeper.decide()
    assert sent is not None and (sent.base, sent.quote, sent.reward) == (0, 0, 0)


def test_a_decision_that_comes_too_late_is_refused_and_not_sent(kept: LocalVault) -> None:
    def slow(hour: int, features: Sequence[int], payee: str) -> StoredDecision:
        proven = kept.proven(11, payee)
        kept.pass_hour()  # the hour is over when the proof is there
        return proven

    keeper = kept.keeper(slow)
    keeper.record()
    nonce = keeper.sender.count("latest")
    assert keeper.decide() is None and keeper.sender.count("latest") == nonce


def test_a_decision_that_is_mined_too_late_ends_nothing(kept: LocalVault, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = kept.keeper()
    keeper.record()
    estimate = keeper.sender.estimate

    def slow(*args: Any, **options: Any) -> int:
        gas = estimate(*args, **options)
        kept.pass_hour()  # after the estimate the hour is over
        return gas

    monkeypatch.setattr(keeper.sender, "estimate", slow)
    assert keeper.decide() is None  # it was reverted, and paid for
    monkeypatch.undo()
    keeper.record()
    assert keeper.decide() is not None


def test_an_hour_that_the_pool_forgot_is_not_asked_for_again(kept: LocalVault) -> None:
    kept.table.rpc("evm_increaseTime", 1)
    lost = kept.vault.hour() - BOUNDARIES - 5  # before the pool was
    keeper = kept.keeper()
    keeper.vault.hour = lambda: lost + BOUNDARIES - 1  # type: ignore[method-assign]
    keeper.record()
    assert lost in keeper.settled and kept.vault.boundaries([lost]) == {}


def test_the_desk_asks_the_workers_and_finds_their_proof(kept: LocalVault, redis: Redis) -> None:
    table = kept.table
    desk = Desk(redis, table.relay.jobs, table.names)
    assert desk.prove(7, [1, -2], "0xpayee") is None
    assert len(table.relay.jobs.vault_queue) == 1 and len(table.relay.jobs.queue) == 0
    job = table.relay.jobs.vault_queue.jobs[0]
    assert job.args == [7, [1, -2], "0xpayee"] and job.func_name == "server.processes.deciding.decide"
    proven = kept.proven(3, "0xpayee")
    redis.set(table.names.decision(7, key_of_input([1, -2])), proven.dump())
    assert desk.prove(7, [1, -2], "0xpayee") == proven
    assert desk.prove(7, [1, -3], "0xpayee") is None  # after a reorganisation the input may be another


def test_what_the_process_needs(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="VAULT: missing"):
        run(settings)
