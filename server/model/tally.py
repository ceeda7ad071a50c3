"""The result of a closed vote, kept for each ply that the crowd decided or failed to decide."""

from __future__ import annotations

import chess

from engine.encoding import unpack_move
from server.model.frozen import Frozen, Wei
from server.model.game import Candidate, Event, Game


class ClosedVote(Frozen):
    """What stood in the ballot box when the vote of a ply closed. Candidates in the contract's order."""

    ply: int
    candidates: tuple[Candidate, ...]
    cast_weight: Wei
    world: Wei
    """All the World's stakes: what every share is a share of."""
    move: str | None
    """The move that the World plays; null: too few stakes agreed, so the network moves for the World."""
    san: str | None
    time: int
    tx: str


def closed_vote(game: Game, event: Event) -> ClosedVote | None:
    """The vote that an event closes, if it closes one; `game` is the document before the event."""
    if event.name != "VoteClosed" or game.vote is None or game.fen is None:
        return None
    number = int(event.args["move"])
    move = unpack_move(number) if number else None
    return ClosedVote(
        ply=game.vote.ply,
        candidates=game.vote.candidates,
        cast_weight=game.vote.cast_weight,
        world=game.pools.world,
        move=None if move is None else move.uci(),
        san=None if move is None else chess.Board(game.fen).san(move),
        time=event.time,
        tx=event.tx,
    )
