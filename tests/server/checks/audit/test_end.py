from __future__ import annotations

from dataclasses import replace

import pytest

from server.checks.audit import evidence
from server.checks.audit.end import OUTCOMES, REASONS, owed
from server.checks.audit.evidence import Facts
from server.checks.audit.record import Record
from server.checks.audit.replay import apply
from server.checks.audit.tied import FindingError
from tests.server.checks.audit.support import before

STRANGER = "0x" + "12" * 20


@pytest.fixture(scope="module")
def facts(record: Record) -> Facts:
    return evidence.check(record)


def test_a_game_ends_as_its_position_says(facts: Facts) -> None:
    state, event, world = before(facts, "GameOver")
    over = apply(state, event, world)
    assert over.phase == "over" and over.outcome == OUTCOMES[event.args["outcome"]]
    assert over.fund == 0, "what is left of the fund is the creator's"
    late = state.phase == "prove" and event.time >= state.deadline  # then anyone may have voided it
    for outcome in range(1, len(OUTCOMES)):
        for reason in range(1, len(REASONS)):
            other = replace(event, args={**event.args, "outcome": outcome, "reason": reason})
            voided = late and (OUTCOMES[outcome], REASONS[reason]) == ("void", "stalled")
            if other.args != event.args and not voided:
                with pytest.raises(FindingError):
                    apply(state, other, world)


def test_nobody_is_owed_before_the_end_but_for_proofs(facts: Facts) -> None:
    state, event, world = before(facts, "GameOver")
    stakers = [account for account in state.stakes if account not in state.credits]
    assert stakers and all(owed(state, account) == 0 for account in stakers)
    over = apply(state, event, world)
    accounts = {*over.stakes, *over.credits}
    dust = state.received - state.paid - sum(owed(over, account) for account in accounts)
    assert 0 <= dust < len(accounts), "stakes, pot and fund are shared out, but for less than a wei an account"
    assert owed(over, STRANGER) == 0


def test_a_claim_is_what_is_owed_once_and_to_whom_it_is_owed(facts: Facts) -> None:
    state, event, world = before(facts, "Claimed")
    account, amount = event.args["account"], event.args["amount"]
    assert owed(state, account) == amount > 0
    after = apply(state, event, world)
    assert owed(after, account) == 0 and after.paid == state.paid + amount
    with pytest.raises(FindingError, match="was owed 0"):
        apply(after, event, world)
    for change, complaint in (
        ({"amount": amount + 1}, f"was owed {amount}"),
        ({"amount": amount - 1}, f"was owed {amount}"),
        ({"account": STRANGER}, "was owed 0"),
        ({"to": STRANGER}, f"went to {STRANGER}"),
    ):
        with pytest.raises(FindingError, match=complaint):
            apply(state, replace(event, args={**event.args, **change}), world)


def test_a_stranger_claims_for_nobody_unless_chosen(facts: Facts) -> None:
    state, event, world = before(facts, "Claimed")
    assert event.call is not None
    foreign = replace(event, call=replace(event.call, sender=STRANGER))
    with pytest.raises(FindingError, match=f"{STRANGER} claimed for"):
        apply(state, foreign, world)
    chosen = replace(state, claimers={event.args["account"]: STRANGER})
    assert apply(chosen, foreign, world).paid > state.paid
