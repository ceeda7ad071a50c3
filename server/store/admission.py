"""Which ballots are taken: those that the contract would count and that the relay will carry."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass

import chess
from redis.asyncio import Redis

from engine.encoding import pack_move
from server.model.game import Game
from server.model.signing import Typed, recover
from server.store.names import Names
from server.store.records import Carriage, CountedVote, Head, Seat, chain_time

RETRY_SECONDS = 5
OPENING_SECONDS = 1
"""When a vote has just opened, until its relay has looked at it."""
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
    trace: str | None = None


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


class PollBook:
    """Reads polls. Those asked for while Redis answers others share the next request."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self.redis = redis
        self.names = names
        self._boxes: dict[int, str] = {}
        """Game -> the name of the box of its last vote, which is likely the one that goes on."""
        self._waiting: list[tuple[int, int, asyncio.Future[Polls]]] = []
        self._reader: asyncio.Task[None] | None = None

    async def polls(self, number: int, seat: int) -> Polls:
        """The polls for a seat of a game."""
        future: asyncio.Future[Polls] = asyncio.get_running_loop().create_future()
        self._waiting.append((number, seat, future))
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        return await asyncio.shield(future)

    async def _read(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                found = await self._ask([(number, seat) for number, seat, _ in batch])
            except Exception as error:
                for _, _, future in batch:
                    future.set_exception(error)
                    future.exception()
                continue
            for (_, _, future), polls in zip(batch, found, strict=True):
                future.set_result(polls)

    async def _ask(self, asked: list[tuple[int, int]]) -> list[Polls]:
        names, numbers = self.names, sorted({number for number, _ in asked})
        texts = [name for number in numbers for name in (names.game(number), names.carriage(number))]
        boxes = {number: self._boxes.get(number, "") for number in numbers}
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.mget(names.relay, names.head, *texts)
            for number, seat in asked:
                pipe.hget(names.seats(number), str(seat))
                pipe.hget(names.voted(number), str(seat))
                pipe.hexists(boxes[number] or names.prefix, str(seat))  # which is no key, but in our slot
            (relay, head, *stored), *replies = await pipe.execute()
        games = {number: _game(text) for number, text in zip(numbers, stored[::2], strict=True)}
        carriages = {number: Carriage.load(text) for number, text in zip(numbers, stored[1::2], strict=True)}
        for number, game in games.items():
            self._boxes[number] = _box(names, game)
        if any(self._boxes[number] not in ("", boxes[number]) for number in numbers):
            return await self._ask(asked)  # another vote goes on
        now = chain_time(Head.load(head))
        return [
            Polls(
                game=games[number],
                seat=Seat.load(replies[3 * at]),
                counted=CountedVote.load(replies[3 * at + 1]),
                received=bool(replies[3 * at + 2]) and bool(self._boxes[number]),
                relay=relay,
                carriage=carriages[number],
                now=now,
            )
            for at, (number, _) in enumerate(asked)
        ]


def _box(names: Names, game: Game | None) -> str:
    """The name of the box of the vote that goes on in a game; empty if there is none."""
    if game is None or game.state != "vote" or game.position_key is None:
        return ""
    return names.ballots(game.id, game.ply, game.position_key)


@functools.lru_cache(maxsize=64)
def _game(text: str | None) -> Game | None:
    """The document of a text that is read again and again while its vote goes on."""
    return Game.load(text)


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
    digest = _digest(typed, game.id, ply, pack_move(move), game.position_key)
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
        raise BallotError(503, "relay", text, RETRY_SECONDS if polls.relay is None else OPENING_SECONDS)
    if holder.rank is None or holder.rank >= carriage.most:
        raise BallotError(409, "budget", "the relay carries the heaviest seats only; cast the ballot on chain")
    if not room:
        raise full()
    return ballot


@functools.lru_cache(maxsize=1024)
def _digest(typed: Typed, game: int, ply: int, move: int, position_key: str) -> bytes:
    """What all who vote for a move sign."""
    return typed.ballot(game, ply, move, position_key)


def full() -> BallotError:
    """The relay has as many ballots of this vote as it can carry in time."""
    text = "the relay cannot carry more ballots before the vote ends; cast the ballot on chain, or try again soon"
    return BallotError(429, "full", text, RETRY_SECONDS)


def _legal(fen: str, uci: str) -> chess.Move:
    if uci not in _legal_moves(fen):
        raise BallotError(422, "illegal", f"{uci!r} is not a legal move in this position")
    return chess.Move.from_uci(uci)


@functools.lru_cache(maxsize=64)
def _legal_moves(fen: str) -> frozenset[str]:
    return frozenset(move.uci() for move in chess.Board(fen).legal_moves)


def voted(uci: str) -> BallotError:
    """The seat has a ballot on this ply already."""
    return BallotError(409, "voted", f"this seat has voted {uci} on this ply; a ballot is final")
