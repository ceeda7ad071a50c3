"""The steps after the last move: the end, and who is paid what."""

from __future__ import annotations

from dataclasses import replace

from server.checks.audit.events import Event
from server.checks.audit.game import State, World, call_of
from server.checks.audit.moves import ending
from server.checks.audit.tied import expect
from server.model import game as documents
from server.model.payout import Payout, payout

OUTCOMES = ("none", *documents.OUTCOMES)
REASONS = ("none", *documents.REASONS)
"""Names of IGame.Outcome and IGame.Reason."""


def game_over(state: State, event: Event, world: World) -> State:
    outcome, reason = OUTCOMES[event.args["outcome"]], REASONS[event.args["reason"]]
    if reason == "empty":
        expect(state.phase == "lobby" and outcome == "void", "a game that had begun ended as empty")
        expect(not any(seat.weight for seat in state.seats), "a game with World stakes ended as empty")
        expect(0 < state.deadline <= event.time, "the lobby closed before its time")
    elif reason == "stalled":
        late = state.phase == "prove" and event.time >= state.deadline
        expect(late and outcome == "void", "the game was voided before its time")
    else:
        expect((outcome, reason) == ending(state), f"the game is {ending(state)}, not {(outcome, reason)}")
    state = replace(state, phase="over", outcome=outcome, reason=reason, deadline=0)
    due = payouts(state)
    rest = state.fund + due.fee + due.pot_returned
    return replace(state, fund=0).credited(state.creator, rest)


def claimed(state: State, event: Event, world: World) -> State:
    account, amount, to = event.args["account"], event.args["amount"], event.args["to"]
    due = owed(state, account)
    expect(amount == due, f"{account} was paid {amount} wei and was owed {due}")
    expect(amount > 0, f"{account} was paid nothing")
    state, call = call_of(state, event, f"where the {amount} wei of {account} went")
    if call is not None and call.function == "claim":
        expect(to == account == call.arguments["account"], f"the {amount} wei of {account} went to {to}")
        allowed = call.sender in (account, state.claimers.get(account))
        expect(allowed, f"{call.sender} claimed for {account}, which did not choose it")
    elif call is not None:
        asked = (call.sender, call.arguments["to"])
        expect(asked == (account, to), f"the {amount} wei of {account} went to {to}, which it did not ask for")
    settled = state.settled | {account} if state.outcome else state.settled
    state = replace(state, credits={**state.credits, account: 0}, settled=settled, paid=state.paid + amount)
    state = replace(state, claimed=state.claimed | {account})
    return state.counting("claims")


def claimer_chosen(state: State, event: Event, world: World) -> State:
    account, claimer = event.args["account"], event.args["claimer"]
    return replace(state, claimers={**state.claimers, account: claimer})


def payouts(state: State) -> Payout:
    """Who gets what of the pools."""
    if not state.stakes:
        return Payout({}, 0, state.pot, 0)
    return payout(state.outcome, state.stakes, state.terms["maxOdds"], state.terms["fee"], state.pot)


def owed(state: State, account: str) -> int:
    """What an account may claim, in wei."""
    amount = state.credits.get(account, 0)
    if state.outcome and account in state.stakes and account not in state.settled:
        amount += payouts(state).stakers[account]
    return amount
