from __future__ import annotations

from dataclasses import replace

import chess
import pytest
from eth_account import Account

from engine.encoding import pack_move
from server.checks.audit.events import Call, Event
from server.checks.audit.game import Seat, State, World
from server.checks.audit.tied import FindingError
from server.checks.audit.vote import MAX_S, ballots_cast, counted, vote_closed
from server.model.position import Position
from server.model.signing import Typed, compact

CONTRACT = "0x" + "ab" * 20
PEOPLE = [Account.from_key("0x" + f"{number:02x}" * 32) for number in (1, 2, 3)]
WORLD = World(31337, CONTRACT, 3, lambda words, proof: True, {}, {})
POSITION = Position.pack(chess.Board(), 0)
E4, D4 = (pack_move(chess.Move.from_uci(uci)) for uci in ("e2e4", "d2d4"))
TERMS = {"worldIsWhite": True, "quorum": 5_000, "provingPeriod": 60}
STATE = State(
    phase="vote",
    terms=TERMS,
    board=chess.Board(),
    position=POSITION,
    seen={POSITION.key: 1},
    deadline=100,
    decidable_at=50,
    seats=tuple(Seat(one.address, one.address, weight) for one, weight in zip(PEOPLE, (50, 30, 20), strict=True)),
)


def ballot(seat: int, move: int, signer: int | None = None, ply: int = 0) -> bytes:
    digest = Typed(31337, CONTRACT).ballot(3, ply, move, POSITION.key)
    signed = PEOPLE[seat if signer is None else signer].unsafe_sign_hash(digest)
    return seat.to_bytes(4, "big") + move.to_bytes(2, "big") + compact(signed)


def cast(batch: bytes, *announced: tuple[int, int], state: State = STATE, time: int = 10) -> State:
    """The state after a batch of which these (seat, move) were announced as counted."""
    packed = b"".join(seat.to_bytes(4, "big") + move.to_bytes(2, "big") for seat, move in announced)
    call = Call("0x" + "99" * 20, 0, "castBallots", {"game": 3, "ply": 0, "ballots": batch})
    return ballots_cast(state, Event("BallotsCast", {"ply": 0, "ballots": packed}, 1, time, call), WORLD)


def closed(state: State, move: int, time: int, weight: int, total: int) -> State:
    args = {"ply": 0, "move": move, "leaderWeight": weight, "castWeight": total}
    return vote_closed(state, Event("VoteClosed", args, 2, time), WORLD)


def test_counted_ballots_are_read_from_the_event() -> None:
    assert counted(bytes.fromhex("000000010203000000040506")) == [(1, 0x0203), (4, 0x0506)]


def test_weights_add_up_by_move() -> None:
    state = cast(ballot(0, E4) + ballot(1, D4) + ballot(2, D4), (0, E4), (1, D4), (2, D4))
    assert state.weights == {E4: 50, D4: 50} and state.counts["ballots"] == 3
    assert [seat.voted for seat in state.seats] == [0, 0, 0]


def high_s() -> bytes:
    """A ballot whose s is one more than EIP-2 allows."""
    return ballot(0, E4)[:38] + (MAX_S + 1).to_bytes(32, "big")


@pytest.mark.parametrize(
    "forged",
    [
        ballot(0, E4, signer=1),
        ballot(0, E4, ply=1),
        ballot(0, 0xFFFF),
        high_s(),
        ballot(0, E4)[:6] + bytes(64),
        ballot(0, E4)[:-1],
        (7).to_bytes(4, "big") + ballot(0, E4)[4:],
    ],
    ids=["another's key", "another ply", "an illegal move", "high s", "no signature", "a byte short", "no such seat"],
)
def test_what_does_not_count_is_neither_counted_nor_stops_the_rest(forged: bytes) -> None:
    batch = ballot(1, D4) + forged
    assert cast(batch, (1, D4)).weights == {D4: 30}
    with pytest.raises(FindingError, match="not the valid ballots were counted"):
        cast(batch, (1, D4), (0, E4))


def test_a_ballot_left_out_is_found() -> None:
    with pytest.raises(FindingError, match="not the valid ballots were counted"):
        cast(ballot(0, E4) + ballot(1, D4), (0, E4))


def test_a_seat_counts_once() -> None:
    once = cast(ballot(0, E4) + ballot(0, D4), (0, E4))
    assert once.weights == {E4: 50}
    with pytest.raises(FindingError, match="not the valid ballots"):
        cast(ballot(0, D4), (0, D4), state=once)


def test_ballots_after_the_deadline_or_outside_a_vote_are_found() -> None:
    with pytest.raises(FindingError, match="after the deadline"):
        cast(ballot(0, E4), (0, E4), time=100)
    with pytest.raises(FindingError, match="no vote to vote in"):
        cast(ballot(0, E4), (0, E4), state=replace(STATE, phase="prove"))


def test_an_account_casts_its_own_ballot_alone() -> None:
    packed = (1).to_bytes(4, "big") + D4.to_bytes(2, "big")
    call = Call(PEOPLE[1].address, 0, "castBallot", {"game": 3, "ply": 0, "move": D4})
    event = Event("BallotsCast", {"ply": 0, "ballots": packed}, 1, 10, call)
    assert ballots_cast(STATE, event, WORLD).weights == {D4: 30}
    with pytest.raises(FindingError, match="not cast by its account"):
        ballots_cast(STATE, replace(event, call=replace(call, sender=PEOPLE[0].address)), WORLD)


def test_the_heaviest_move_is_played_and_the_lower_number_at_a_tie() -> None:
    tied = replace(STATE, weights={E4: 50, D4: 50})
    first = min(E4, D4)
    assert closed(tied, first, 100, 50, 100).closing == first
    with pytest.raises(FindingError, match="the count is"):
        closed(tied, max(E4, D4), 100, 50, 100)
    with pytest.raises(FindingError, match="the count is"):
        closed(tied, first, 100, 51, 100)


def test_a_vote_below_the_quorum_is_the_understudys() -> None:
    few = replace(STATE, weights={D4: 30})
    state = closed(few, 0, 100, 30, 30)
    assert state.understudy and state.phase == "prove" and state.deadline == 160
    with pytest.raises(FindingError, match="the count is 0"):
        closed(few, D4, 100, 30, 30)


def test_a_vote_is_closed_early_only_if_nothing_can_change() -> None:
    decided = replace(STATE, weights={E4: 80})
    assert closed(decided, E4, 60, 80, 80).closing == E4
    with pytest.raises(FindingError, match="before minPeriod"):
        closed(decided, E4, 49, 80, 80)
    with pytest.raises(FindingError, match="undecided"):
        closed(replace(STATE, weights={E4: 50}), E4, 60, 50, 50)
