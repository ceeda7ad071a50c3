"""A game as far as it has been replayed, and what every step of the replay needs.

A step is a pure function: it takes a state, an event and the world it happens in, and returns the next state. It raises
FindingError if the event is not what the rules make of that state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import chess

from server.chain import chains
from server.checks.audit.events import Call, Event
from server.checks.audit.tied import FindingError
from server.model.payout import Stake
from server.model.position import Position

PHASES = ("none", "lobby", "drawn", "vote", "prove", "over")
"""Names of IGame.State."""
SIDES = ("world", "leela")
"""Names of IGame.Side."""
Judge = Callable[[Sequence[int], bytes], bool]
"""Whether a proof is valid for its public words."""


@dataclass(frozen=True)
class Origin:
    """A verifier made on this machine, to compare with the registered one."""

    network_hash: str
    insecure: bool
    code: bytes


@dataclass(frozen=True)
class World:
    """What a replay takes for given: proven by `evidence`, or made on this machine."""

    chain_id: int
    contract: str
    game: int
    judge: Judge
    code: Mapping[str, bytes]
    hashes: Mapping[int, bytes]
    origin: Origin | None = None

    @property
    def numbers_are_its_own(self) -> bool:
        """Whether the contract's block.number is the number of the block that holds the log."""
        known = chains.find(self.chain_id)
        return known is not None and known.own_block_numbers


@dataclass(frozen=True)
class Seat:
    account: str
    vote_key: str
    weight: int
    voted: int = -1  # the last ply


@dataclass(frozen=True)
class State:
    """A game as far as it has been replayed. Amounts are in wei, times in seconds of block time."""

    phase: str = "none"
    terms: Mapping[str, Any] = field(default_factory=dict)
    creator: str = ""
    fund: int = 0
    pot: int = 0
    received: int = 0
    paid: int = 0

    verifier: str = ""
    insecure: bool = False
    code_hash: str = ""
    network_hash: str = ""
    setup: str | None = None  # of the verifier, if it was made again
    book: str = ""
    openings: bytes = b""
    proof_bytes: int = 0
    usable_from: tuple[int, int] = (0, 0)  # of model and book

    deadline: int = 0
    decidable_at: int = 0
    extensions: int = 0
    extension: int = 0  # the deadline that a large late stake makes
    late: Mapping[str, int] = field(default_factory=dict)  # staked in the lobby's final window, by side
    draw_block: int = 0
    draw_round: int = 0
    draw: bytes = b""  # of the beacon
    entered: int = 0  # when the present vote, or wait for the network, began
    board: chess.Board | None = None  # never changed in place
    position: Position | None = None
    seen: Mapping[str, int] = field(default_factory=dict)  # times that each position was on the board

    stakes: Mapping[str, Stake] = field(default_factory=dict)
    seats: tuple[Seat, ...] = ()
    weights: Mapping[int, int] = field(default_factory=dict)  # of the moves voted for, until the move is played
    last_weights: Mapping[int, int] = field(default_factory=dict)  # of the last ply in which anybody voted
    voted_ply: int = 0
    closing: int | None = None  # the move that VoteClosed announced
    understudy: bool = False

    outcome: str = ""
    reason: str = ""
    credits: Mapping[str, int] = field(default_factory=dict)
    settled: frozenset[str] = frozenset()
    claimed: frozenset[str] = frozenset()
    claimers: Mapping[str, str] = field(default_factory=dict)  # whom accounts let claim for them
    withdrawn: frozenset[str] = frozenset()  # accounts that took a stake back
    counts: Mapping[str, int] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()

    @property
    def ply(self) -> int:
        return 0 if self.position is None else self.position.ply

    @property
    def worlds_turn(self) -> bool:
        return self.playing.turn == bool(self.terms["worldIsWhite"])

    @property
    def playing(self) -> chess.Board:
        """The board of a game that has begun. Raises FindingError."""
        if self.board is None:
            raise FindingError("the game has not begun")
        return self.board

    def seat_of(self, account: str) -> int | None:
        """The number of an account's seat."""
        return next((number for number, seat in enumerate(self.seats) if seat.account == account), None)

    def pool(self, side: str) -> int:
        """All stakes of a side."""
        return sum(stake.amount for stake in self.stakes.values() if stake.side == side)

    def counting(self, name: str, number: int = 1) -> State:
        """The state with one of the report's counts raised."""
        return replace(self, counts={**self.counts, name: self.counts.get(name, 0) + number})

    def credited(self, account: str, amount: int) -> State:
        """The state with an account owed more."""
        return replace(self, credits={**self.credits, account: self.credits.get(account, 0) + amount})

    def without(self, what: str) -> State:
        """The state with something noted as unchecked."""
        return replace(self, unchecked=(*self.unchecked, what))


def call_of(state: State, event: Event, what: str, traced: bool = True) -> tuple[State, Call | None]:
    """The call that emitted an event. None, and `what` is noted as unchecked, if it is not known.

    `traced`: what is taken from the call proves itself, so that a node's trace is good enough.
    """
    if event.call is None:
        return state.without(f"{what}: it came through another contract, and the node does not trace calls"), None
    if event.call.traced and not traced:
        return state.without(f"{what}: it came through another contract, and only the node's trace shows it"), None
    return state, event.call


def same(call: Call, event: Event, *names: str) -> bool:
    """Whether call and event say the same of some arguments."""
    return all(_plain(call.arguments.get(name)) == _plain(event.args[name]) for name in names)


def _plain(value: Any) -> Any:
    """Structs of web3 as dicts, so that those of calls and of events compare."""
    return {key: _plain(part) for key, part in value.items()} if isinstance(value, Mapping) else value
