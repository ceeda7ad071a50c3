"""Plays a game again, event by event, and compares every value that was announced with its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from server.checks.audit import draw, end, lobby, moves, vote
from server.checks.audit.events import Event
from server.checks.audit.game import State, World
from server.checks.audit.tied import FindingError, expect

Step = Callable[[State, Event, World], State]

STEPS: Mapping[str, Step] = {
    "ModelAdded": lobby.model_added,
    "BookAdded": lobby.book_added,
    "GameCreated": lobby.game_created,
    "Staked": lobby.staked,
    "Withdrawn": lobby.withdrawn,
    "LobbyExtended": lobby.lobby_extended,
    "RoundFixed": draw.round_fixed,
    "RoundSigned": draw.round_signed,
    "DrawFixed": draw.draw_fixed,
    "Began": draw.began,
    "BallotsCast": vote.ballots_cast,
    "VoteClosed": vote.vote_closed,
    "Moved": moves.moved,
    "GameOver": end.game_over,
    "ClaimerChosen": end.claimer_chosen,
    "Claimed": end.claimed,
}
"""What each event does to a game. Every event of `events.EMITTERS` has its step."""
ALWAYS = ("Claimed", "ClaimerChosen")
"""Events that may come in every phase."""
BEFORE = ("ModelAdded", "BookAdded", "ClaimerChosen")
"""Events that may come before the game."""


def apply(state: State, event: Event, world: World) -> State:
    """The state after an event. Raises FindingError if the event is not what the rules make of the state."""
    if event.name not in BEFORE:
        expect((event.name == "GameCreated") == (state.phase == "none"), f"{event.name} before the game was created")
    expect(state.phase != "over" or event.name in ALWAYS, f"{event.name} after the end of the game")
    due = _due(state)
    expect(due is None or event.name in ("GameOver", *ALWAYS), f"the game went on after {due}")
    extended = state.extension == 0 or event.name in ("LobbyExtended", *ALWAYS)
    expect(extended, "a large late stake did not extend the lobby")
    try:
        return STEPS[event.name](state, event, world)
    except (KeyError, IndexError, ValueError, TypeError, AssertionError) as error:
        text = f"{event.name} is not as the contract writes it ({type(error).__name__}: {error})"
        raise FindingError(text) from None


@dataclass(frozen=True)
class Replayed:
    """The state that the replay reached, and the finding that stopped it, if any."""

    state: State
    problem: str | None = None


def replay(events: tuple[Event, ...], world: World) -> Replayed:
    """All events in turn, up to the first that is wrong."""
    state = State()
    try:
        for event in events:
            state = apply(state, event, world)
        due = _due(state)
        expect(due is None, f"the game did not end with {due}")
        expect(state.phase != "none", "the game was never created")
        expect(state.closing is None, "the move that a vote decided was not played")
    except FindingError as finding:
        return Replayed(state, str(finding))
    return Replayed(state)


def _due(state: State) -> tuple[str, str] | None:
    """How a game that is on must end now."""
    return moves.ending(state) if state.board is not None and not state.outcome else None
