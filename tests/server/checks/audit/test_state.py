from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from server.checks.audit import evidence
from server.checks.audit.evidence import Facts
from server.checks.audit.game import State
from server.checks.audit.record import Record
from server.checks.audit.replay import replay
from server.checks.audit.state import check, expected, references
from server.checks.audit.tied import FindingError
from tests.server.checks.audit.support import world_of


@pytest.fixture(scope="module")
def facts(record: Record) -> Facts:
    return evidence.check(record)


@pytest.fixture(scope="module")
def state(facts: Facts) -> State:
    return replay(facts.events, world_of(facts)).state


def test_the_contract_holds_what_the_events_add_up_to(facts: Facts, state: State) -> None:
    assert check(state, facts) == []
    asked, compared = set(references(facts.game, facts.events)), set(expected(state, facts))
    assert compared <= asked, "whatever is compared was asked for"


CHANGES: dict[str, Callable[[State], State]] = {
    "a stake": lambda state: replace(
        state, stakes={who: replace(stake, amount=stake.amount + 1) for who, stake in state.stakes.items()}
    ),
    "a seat's weight": lambda state: replace(
        state, seats=(replace(state.seats[0], weight=state.seats[0].weight + 1), *state.seats[1:])
    ),
    "a seat's key": lambda state: replace(
        state, seats=(replace(state.seats[0], vote_key="0x" + "12" * 20), *state.seats[1:])
    ),
    "the outcome": lambda state: replace(state, outcome="world" if state.outcome != "world" else "leela"),
    "the pot": lambda state: replace(state, pot=state.pot + 1),
    "the fund": lambda state: replace(state, fund=state.fund + 1),
    "a term": lambda state: replace(state, terms={**state.terms, "fee": state.terms["fee"] + 1}),
    "the verifier": lambda state: replace(state, verifier="0x" + "12" * 20),
    "the book": lambda state: replace(state, book="0x" + "12" * 20),
    "who was paid": lambda state: replace(state, settled=frozenset()),
    "a credit": lambda state: state.credited(next(iter(state.credits)), 1),
    "the draw's block": lambda state: replace(state, draw_block=state.draw_block + 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_state_that_differs_in_one_value_is_found(name: str, facts: Facts, state: State) -> None:
    with pytest.raises(FindingError):
        check(CHANGES[name](state), facts)


def test_a_contract_that_cannot_pay_what_it_owes_is_found(facts: Facts, state: State) -> None:
    assert facts.balance is not None
    richer = replace(state, received=state.paid + facts.balance + 1)
    with pytest.raises(FindingError, match=r"the contract has \d+ wei, and this game alone left \d+ wei in it"):
        check(richer, facts)


def test_what_a_node_does_not_prove_is_listed(facts: Facts, state: State) -> None:
    silent = check(state, replace(facts, storage=None, balance=None))
    assert silent == [
        "the contract's balance: the node makes no proof of it",
        "the contract's final state",
    ]
    assert facts.storage is not None
    partial = check(state, replace(facts, storage={slot: facts.storage[slot] for slot in list(facts.storage)[:1]}))
    assert partial and all("in the contract's state" in line for line in partial)
