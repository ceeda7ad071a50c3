"""Which ballots are taken: those that the contract would count and that the relay will carry."""

from __future__ import annotations

from dataclasses import dataclass

import chess
from redis.asyncio import Redis

from engine.encoding import pack_move
from server.model.game import Game
from server.model.signing import Typed, recover
from server.store.names import Names
from server.store.records import Carriage, CountedVote, Head, Seat, chain_time

RETRY_SECONDS = 5
"""When to try again after a refusal that may pass."""


class BallotError(Exception):
    """Why a ballot is not taken: an HTTP status, a code for programs, a sentence for people.

    retry_after: seconds after which it may be taken; None: this will not change.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True)
class Ballot:
    """A ballot that the contract would count."""

    game: int
    seat: int
    ply: int
    move: chess.Move
    position_key: str
    signature: bytes
    deadline: int
    """When the vote ends, in the chain's time."""
    room: int
    """It is kept only if fewer ballots of this vote are there."""


@dataclass(frozen=True)
class Polls:
    """What the admission of a seat's ballot depends on, as of one moment."""

    game: Game | None
    seat: Seat | None
    counted: CountedVote | None
    """The seat's last ballot on the chain."""
    received: bool
    """A ballot of this seat was taken in this vote."""
    relay: str | None
    """None: no relay is at work; else why it carries nothing, or empty when it is well."""
    carriage: Carriage | None
    """What the relay can carry; None: it has not said so lately."""
    now: int
    """The chain's time."""


async def read_polls(redis: Redis, names: Names, number: int, seat: int) -> Polls:
    """The polls for a seat of a game."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.mget(names.game(number), names.relay, names.head, names.carriage(number))
        pipe.hget(names.seats(number), str(seat))
        pipe.hget(names.voted(number), str(seat))
        (stored, relay, head, carriage), holder, counted = await pipe.execute()
    game = Game.load(stored)
    received = False
    if game is not None and game.state == "vote" and game.position_key is not None:
        received = bool(await redis.hexists(names.ballots(number, game.ply, game.position_key), str(seat)))
    return Polls(
        game=game,
        seat=Seat.load(holder),
        counted=CountedVote.load(counted),
        received=received,
        relay=relay,
        carriage=Carriage.load(carriage),
        now=chain_time(Head.load(head)),
    )


def admit(
    polls: Polls,
    typed: Typed,
    *,
    number: int,
    seat: int,
    ply: int,
    uci: str,
    signature: bytes,
    margin: int,
) -> Ballot:
    """All rules by which a ballot is taken: a move (`uci`) of a seat at a ply of game `number`. Raises BallotError.

    A ballot that was received before is admitted again, vote closed or not, so that its voter gets the receipt again.
    margin: seconds before the deadline from which ballots are no longer taken at all.
    """
    game, holder = polls.game, polls.seat
    if game is None:
        raise BallotError(404, "game", f"there is no game {number}")
    if holder is None or holder.stake == 0:  # it never was, or its stake was withdrawn
        raise BallotError(404, "seat", f"game {number} has no seat {seat}")
    if game.state != "vote" or game.fen is None or game.position_key is None:
        raise BallotError(409, "not-voting", "the World is not voting now")
    if ply != game.ply:
        raise BallotError(409, "wrong-ply", f"the vote is on ply {game.ply}, not {ply}")
    move = _legal(game.fen, uci)
    digest = typed.ballot(game.id, ply, pack_move(move), game.position_key)
    if recover(digest, signature) != holder.vote_key.lower():
        raise BallotError(422, "signature", f"the signature is not by the vote key of seat {seat}")
    carriage = polls.carriage
    if carriage is not None and (carriage.ply, carriage.position_key) != (ply, game.position_key):
        carriage = None
    room = 0 if carriage is None else carriage.room(polls.now)
    ballot = Ballot(game.id, seat, ply, move, game.position_key, signature, game.deadline, room)
    if polls.received:
        return ballot
    if polls.counted is not None and polls.counted.ply == ply:
        raise voted(polls.counted.move.uci())
    if polls.now >= game.deadline - margin or (carriage is not None and polls.now >= carriage.last):
        raise BallotError(409, "closed", "this vote is closed here; the contract itself may still take a ballot")
    if polls.relay:
        raise BallotError(503, "relay", f"{polls.relay}; cast the ballot on chain, or try again soon", RETRY_SECONDS)
    if polls.relay is None or carriage is None:
        text = "no relay says that it can carry ballots now; cast the ballot on chain, or try again soon"
        raise BallotError(503, "relay", text, RETRY_SECONDS)
    if holder.rank is None or holder.rank >= carriage.most:
        raise BallotError(409, "budget", "the relay carries the heaviest seats only; cast the ballot on chain")
    if not room:
        raise full()
    return ballot


def full() -> BallotError:
    """The relay has as many ballots of this vote as it can carry in time."""
    text = "the relay cannot carry more ballots before the vote ends; cast the ballot on chain, or try again soon"
    return BallotError(429, "full", text, RETRY_SECONDS)


def _legal(fen: str, uci: str) -> chess.Move:
    try:
        move = chess.Move.from_uci(uci)
        if chess.Board(fen).is_legal(move):
            return move
    except ValueError:
        pass
    raise BallotError(422, "illegal", f"{uci!r} is not a legal move in this position")


def voted(uci: str) -> BallotError:
    """The seat has a ballot on this ply already."""
    return BallotError(409, "voted", f"this seat has voted {uci} on this ply; a ballot is final")
