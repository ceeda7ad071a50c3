from __future__ import annotations

from dataclasses import replace

import chess
import pytest

from server.checks.audit.events import Call, Event
from server.checks.audit.game import Seat, State, World, call_of, same
from server.checks.audit.tied import FindingError
from server.model.payout import Stake

ANN, BOB = "0x" + "aa" * 20, "0x" + "bb" * 20
CALL = Call(ANN, 7, "stake", {"game": 1, "side": 0})
EVENT = Event("Staked", {"game": 1, "side": 0}, block=5, time=9, call=CALL)


def test_a_state_is_never_changed_in_place() -> None:
    state = State(credits={ANN: 1})
    assert state.credited(ANN, 2).credits == {ANN: 3} and state.credited(BOB, 5).credits == {ANN: 1, BOB: 5}
    assert state.counting("votes").counting("votes", 2).counts == {"votes": 3}
    assert state.without("a").without("b").unchecked == ("a", "b")
    assert state == State(credits={ANN: 1})


def test_pools_and_seats() -> None:
    stakes = {ANN: Stake("world", 5), BOB: Stake("leela", 7)}
    state = State(stakes=stakes, seats=(Seat(BOB, BOB, 1), Seat(ANN, ANN, 5)))
    assert (state.pool("world"), state.pool("leela")) == (5, 7)
    assert (state.seat_of(ANN), state.seat_of(BOB), state.seat_of("0x00")) == (1, 0, None)


def test_a_game_that_has_not_begun_has_no_board() -> None:
    with pytest.raises(FindingError, match="has not begun"):
        _ = State().playing
    state = State(board=chess.Board(), terms={"worldIsWhite": False})
    assert not state.worlds_turn and replace(state, terms={"worldIsWhite": True}).worlds_turn


def test_a_call_that_nobody_knows_is_noted_and_never_taken_for_checked() -> None:
    assert call_of(State(), EVENT, "the stake") == (State(), CALL)
    state, call = call_of(State(), replace(EVENT, call=None), "the stake")
    assert call is None and "does not trace" in state.unchecked[0]
    traced = replace(EVENT, call=replace(CALL, traced=True))
    assert call_of(State(), traced, "the stake")[1] is not None
    state, call = call_of(State(), traced, "the stake", traced=False)
    assert call is None and "only the node's trace" in state.unchecked[0]


def test_call_and_event_say_the_same() -> None:
    assert same(CALL, EVENT, "game", "side")
    assert not same(replace(CALL, arguments={"game": 1, "side": 1}), EVENT, "game", "side")
    assert not same(replace(CALL, arguments={"game": 1}), EVENT, "game", "side")


@pytest.mark.parametrize(("chain_id", "own"), [(1, True), (10, True), (31337, True), (42161, False), (987654, False)])
def test_which_chains_number_blocks_as_contracts_see_them(chain_id: int, own: bool) -> None:
    world = World(chain_id, ANN, 0, lambda words, proof: True, {}, {})
    assert world.numbers_are_its_own is own
