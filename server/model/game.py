"""The game as a document, and how the chain's events change it.

`apply(game, event)` is pure: it takes a document and an event and returns the next document. The read model is the
fold of `apply` over a game's events, so it can be lost and made again from the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import chess

from engine.encoding import pack_move, unpack_move
from server.model.frozen import Frozen, Wei
from server.model.position import Position

State = Literal["lobby", "drawn", "vote", "prove", "over"]
Outcome = Literal["world", "leela", "draw", "void"]
Reason = Literal[
    "checkmate", "stalemate", "repetition", "fiftyMoves", "insufficientMaterial", "maxPly", "stalled", "empty"
]
Side = Literal["world", "leela"]
Mover = Literal["world", "leela", "understudy"]
Color = Literal["white", "black"]

STATES: tuple[State, ...] = ("lobby", "drawn", "vote", "prove", "over")
OUTCOMES: tuple[Outcome, ...] = ("world", "leela", "draw", "void")
REASONS: tuple[Reason, ...] = (
    "checkmate",
    "stalemate",
    "repetition",
    "fiftyMoves",
    "insufficientMaterial",
    "maxPly",
    "stalled",
    "empty",
)
"""As numbered in `IGame.sol`, from 1."""
SIDES: tuple[Side, ...] = ("world", "leela")


@dataclass(frozen=True)
class Event:
    """An event of the game contract, with what its block and transaction add. Addresses are checksummed hex."""

    name: str
    args: dict[str, Any]
    block: int
    time: int
    tx: str
    gas: int = 0
    """Gas used by the transaction; read for proven moves only."""

    @property
    def game(self) -> int:
        return int(self.args["game"])


F = TypeVar("F", bound=Frozen)


class Terms(Frozen):
    model: int
    book: int
    world_is_white: bool
    leela_pool_open: bool
    lobby_period: int
    voting_period: int
    min_period: int
    proving_period: int
    quorum: int
    fee: int
    max_odds: int
    max_ply: int
    min_stake: Wei
    max_stake: Wei
    """The most that an account may stake; 0: no bound."""
    reward: Wei


class Pools(Frozen):
    world: Wei = 0
    leela: Wei = 0
    pot: Wei = 0
    fund: Wei = 0


class Candidate(Frozen):
    """A move that somebody voted for."""

    move: str
    san: str
    weight: Wei
    ballots: int


class Vote(Frozen):
    """The vote of the current ply. Candidates: most weight first, ties to the lower move number, as the contract
    counts."""

    ply: int
    candidates: tuple[Candidate, ...] = ()
    cast_weight: Wei = 0
    leader: str | None = None
    leader_weight: Wei = 0
    runner_up_weight: Wei = 0
    pending: int = 0
    """Ballots received and not yet on the chain."""


class MoveProof(Frozen):
    gas: int
    block: int
    seconds: float
    """Chain time from the network's turn to its move."""
    payee: str


class Move(Frozen):
    ply: int
    move: str
    san: str
    by: Mover
    fen: str
    """The position after the move."""
    time: int
    tx: str
    proof: MoveProof | None = None


class Game(Frozen):
    """What the chain says about a game. What only a started game has is null before."""

    id: int
    chain_id: int
    contract: str
    state: State = "lobby"
    outcome: Outcome | None = None
    reason: Reason | None = None
    terms: Terms
    creator: str
    pools: Pools
    seats: int = 0
    fen: str | None = None
    opening_fen: str | None = None
    ply: int = 0
    turn: Color | None = None
    world: Color
    mover: Mover | None = None
    check: bool = False
    position_key: str | None = None
    deadline: int = 0
    decidable_at: int = 0
    vote: Vote | None = None
    moves: tuple[Move, ...] = ()
    created: int
    """The block that created the game."""
    block: int
    """The last block that changed this document."""
    since: int
    """Time at which the present state began, in seconds of Unix time."""


class Card(Frozen):
    """A game in a list: small, however long the game."""

    id: int
    state: State
    outcome: Outcome | None
    fen: str | None
    ply: int
    world: Color
    world_pool: Wei
    leela_pool: Wei
    pot: Wei
    max_odds: int
    fee: int
    """Share of the winnings for the creator, in basis points."""
    seats: int
    deadline: int
    """When the lobby, the vote or the proving period ends; 0: no such time."""
    last_move: str | None

    @classmethod
    def of(cls, game: Game) -> Card:
        return cls(
            id=game.id,
            state=game.state,
            outcome=game.outcome,
            fen=game.fen,
            ply=game.ply,
            world=game.world,
            world_pool=game.pools.world,
            leela_pool=game.pools.leela,
            pot=game.pools.pot,
            max_odds=game.terms.max_odds,
            fee=game.terms.fee,
            seats=game.seats,
            deadline=game.deadline,
            last_move=game.moves[-1].move if game.moves else None,
        )


def create(event: Event, chain_id: int, contract: str) -> Game:
    """The document of a GameCreated event."""
    terms = Terms.model_validate(dict(event.args["terms"]))
    return Game(
        id=event.game,
        chain_id=chain_id,
        contract=contract,
        terms=terms,
        creator=event.args["creator"],
        pools=Pools(pot=event.args["pot"], fund=event.args["fund"]),
        world="white" if terms.world_is_white else "black",
        deadline=event.time + terms.lobby_period if terms.lobby_period else 0,
        created=event.block,
        block=event.block,
        since=event.time,
    )


def apply(game: Game, event: Event, stakes: Sequence[int] = ()) -> Game:
    """The document after an event of this game; `stakes` are the stakes of the seats, by number (for BallotsCast)."""
    args = event.args
    match event.name:
        case "Staked":
            side = SIDES[args["side"]]
            pools = _with(game.pools, **{side: getattr(game.pools, side) + args["amount"]})
            seats = max(game.seats, args["seat"] + 1) if side == "world" else game.seats
            changed = _with(game, pools=pools, seats=seats)
        case "Withdrawn":
            side = SIDES[args["side"]]
            pools = _with(game.pools, **{side: getattr(game.pools, side) - args["amount"]})
            changed = _with(game, pools=pools)
        case "LobbyExtended":
            changed = _with(game, deadline=args["deadline"])
        case "RoundFixed":
            changed = _with(game, state="drawn", deadline=args["deadline"], since=event.time)
        case "DrawFixed":
            changed = _with(game, state="drawn", deadline=0, since=event.time)
        case "Began":
            position = Position(args["board"], args["state"])
            changed = _enter(_with(game, opening_fen=position.fen), position, event.time, args["deadline"])
        case "BallotsCast":
            changed = _count(game, ballots(args["ballots"]), stakes)
        case "VoteClosed" if args["move"] == 0:
            deadline = event.time + game.terms.proving_period
            changed = _with(
                game, state="prove", mover="understudy", vote=None, deadline=deadline, decidable_at=0, since=event.time
            )
        case "Moved":
            changed = _move(game, event)
        case "GameOver":
            changed = _with(
                game,
                state="over",
                outcome=OUTCOMES[args["outcome"] - 1],
                reason=REASONS[args["reason"] - 1],
                mover=None,
                vote=None,
                deadline=0,
                decidable_at=0,
                since=event.time,
            )
        case _:
            return game
    return _with(changed, block=event.block)


def ballots(packed: bytes) -> list[tuple[int, int]]:
    """The (seat, move number) pairs of a BallotsCast event: six bytes each, uint32 and uint16."""
    pairs = (packed[at : at + 6] for at in range(0, len(packed), 6))
    return [(int.from_bytes(pair[:4], "big"), int.from_bytes(pair[4:], "big")) for pair in pairs]


def _with(value: F, **changes: Any) -> F:
    return value.model_copy(update=changes)


def _enter(game: Game, position: Position, time: int, deadline: int) -> Game:
    """A new position is on the board: it is the crowd's turn or the network's."""
    board = position.unpack()
    turn: Color = "white" if board.turn else "black"
    voting = turn == game.world
    return _with(
        game,
        state="vote" if voting else "prove",
        mover="world" if voting else "leela",
        fen=board.fen(),
        ply=position.ply,
        turn=turn,
        check=board.is_check(),
        position_key=position.key,
        deadline=deadline,
        decidable_at=time + game.terms.min_period if voting else 0,
        vote=Vote(ply=position.ply) if voting else None,
        since=time,
    )


def _move(game: Game, event: Event) -> Game:
    args = event.args
    assert game.fen is not None and game.mover is not None, "a move before the game began"
    before, after = chess.Board(game.fen), Position(args["board"], args["state"])
    move = unpack_move(args["move"])
    proof = None
    if game.state == "prove":
        proof = MoveProof(gas=event.gas, block=event.block, seconds=event.time - game.since, payee=args["payee"])
    played = Move(
        ply=args["ply"],
        move=move.uci(),
        san=before.san(move),
        by=game.mover,
        fen=after.fen,
        time=event.time,
        tx=event.tx,
        proof=proof,
    )
    pools = _with(game.pools, fund=game.pools.fund - args["reward"])
    return _enter(_with(game, moves=(*game.moves, played), pools=pools), after, event.time, args["deadline"])


def _count(game: Game, pairs: list[tuple[int, int]], stakes: Sequence[int]) -> Game:
    assert game.vote is not None and game.fen is not None, "ballots outside a vote"
    board = chess.Board(game.fen)
    weights = {candidate.move: [candidate.weight, candidate.ballots] for candidate in game.vote.candidates}
    for seat, number in pairs:
        entry = weights.setdefault(unpack_move(number).uci(), [0, 0])
        entry[0] += stakes[seat]
        entry[1] += 1
    ranked = sorted(
        (
            Candidate(move=move, san=board.san(chess.Move.from_uci(move)), weight=weight, ballots=count)
            for move, (weight, count) in weights.items()
        ),
        key=lambda candidate: (-candidate.weight, pack_move(chess.Move.from_uci(candidate.move))),
    )
    vote = Vote(
        ply=game.vote.ply,
        candidates=tuple(ranked),
        cast_weight=sum(candidate.weight for candidate in ranked),
        leader=ranked[0].move if ranked else None,
        leader_weight=ranked[0].weight if ranked else 0,
        runner_up_weight=ranked[1].weight if len(ranked) > 1 else 0,
    )
    return _with(game, vote=vote)
