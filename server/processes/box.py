"""The ballots of one vote as the relay holds them in memory: received, in flight, counted."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from redis import Redis

from server.model.position import Position
from server.store.names import Names
from server.store.records import BALLOT_BYTES, Seat, StoredBallot

CHUNK = 2_000
"""Ballots read from Redis at once."""
DATA_WORDS = 4
"""castBallots' calldata: after the selector game, ply, offset and length of the ballots, a word each."""


@dataclass
class Box:
    """The ballots for one position of a game. What is lost here is read again from Redis."""

    game: int
    position: Position
    received: dict[int, bytes] = field(default_factory=dict)
    """Seat -> its ballot as castBallots takes it."""
    traces: dict[int, str] = field(default_factory=dict)
    """Seat -> the trace of its ballot, if that is recorded."""
    ranks: dict[int, int] = field(default_factory=dict)
    """Seat -> its place by stake, the heaviest 0."""
    indexed: set[int] = field(default_factory=set)
    """Seats that voted at this ply, as the indexer says."""
    mined: set[int] = field(default_factory=set)
    """Seats that voted at this ply, as the relay itself saw."""
    useless: set[int] = field(default_factory=set)
    """Seats whose ballots the contract does not count, because their accounts voted otherwise or were emptied."""

    @property
    def ply(self) -> int:
        return self.position.ply

    @property
    def counted(self) -> set[int]:
        return self.indexed | self.mined

    def read(self, redis: Redis, names: Names) -> None:
        """Reads the ballots that came."""
        name = names.ballots(self.game, self.ply, self.position.key)
        if redis.hlen(name) != len(self.received):
            new = [seat for seat in cast("list[str]", redis.hkeys(name)) if int(seat) not in self.received]
            for start in range(0, len(new), CHUNK):
                self._take(redis, names, name, new[start : start + CHUNK])

    def voted(self, redis: Redis, names: Names) -> set[int]:
        """The seats that voted at this ply, as the indexer says. Those that vote at a later one are not among them."""
        mark = f"{self.ply}:"
        votes = cast("dict[str, str]", redis.hgetall(names.voted(self.game)))
        return {int(seat) for seat, vote in votes.items() if vote.startswith(mark)}

    def _take(self, redis: Redis, names: Names, name: str, seats: list[str]) -> None:
        ballots = map(StoredBallot.load, cast("list[str | None]", redis.hmget(name, seats)))
        holders = map(Seat.load, cast("list[str | None]", redis.hmget(names.seats(self.game), seats)))
        for seat, ballot, holder in zip(map(int, seats), ballots, holders, strict=True):
            if ballot is not None:
                self.received[seat] = ballot.packed()
                if ballot.trace is not None:
                    self.traces[seat] = ballot.trace
                self.ranks[seat] = holder.rank if holder is not None and holder.rank is not None else 1 << 32

    def pending(self, flying: Iterable[bytes]) -> list[bytes]:
        """The ballots that are to be carried, heaviest seats first; `flying` are those in flight."""
        away = self.counted | self.useless | {seat_of(ballot) for ballot in flying}
        waiting = sorted((self.ranks[seat], seat) for seat in self.received.keys() - away)
        return [self.received[seat] for _, seat in waiting]

    def settle(self, sent: Sequence[bytes], counted: Iterable[int]) -> None:
        """Notes what the contract made of a batch that was mined."""
        self.mined |= set(counted)
        self.useless |= {seat_of(ballot) for ballot in sent} - self.mined

    def forget(self) -> None:
        """After a reorganisation nothing is certain but what was received."""
        self.indexed.clear()
        self.mined.clear()
        self.useless.clear()

    def lost(self) -> set[int]:
        """Seats that have a receipt and no counted ballot."""
        return self.received.keys() - self.counted


def seat_of(ballot: bytes) -> int:
    return int.from_bytes(ballot[:4], "big")


@functools.lru_cache(maxsize=256)
def ballots_in(data: str) -> tuple[bytes, ...]:
    """The ballots in the calldata of castBallots, 0x-prefixed hex."""
    raw = bytes.fromhex(data[2:])[4:]
    body = raw[32 * DATA_WORDS :][: int.from_bytes(raw[32 * (DATA_WORDS - 1) : 32 * DATA_WORDS], "big")]
    return tuple(body[at : at + BALLOT_BYTES] for at in range(0, len(body), BALLOT_BYTES))
