"""The ballot box: ballots are on disk before they are acknowledged, and a receipt says so."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from coincurve import PrivateKey
from eth_account import Account
from redis.asyncio import Redis
from redis.exceptions import RedisError

from engine.encoding import pack_move
from server import metrics, tracing
from server.model.signing import Typed, sign
from server.store.admission import RETRY_SECONDS, Ballot, BallotError, full, voted
from server.store.changes import announce
from server.store.connect import DISK_TIMEOUT_MS
from server.store.names import Names
from server.store.records import KEPT_SECONDS, CountedVote, Receipt, StoredBallot

TAKE = """
local kept = redis.call("HGET", KEYS[1], ARGV[1])
if kept then return kept end
if redis.call("HLEN", KEYS[1]) >= tonumber(ARGV[3]) then return false end
redis.call("HSET", KEYS[1], ARGV[1], ARGV[2])
redis.call("XADD", KEYS[2], "*", "kind", "receipt", "game", ARGV[4], "text", ARGV[2])
return ARGV[2]
"""
"""Keeps a seat's ballot, and notes it in the journal, if it is the first and there is room for it; what is kept of the
seat, or nothing."""


class ReplicasError(RedisError):
    """Too few replicas have a ballot on their disks."""


class BallotBox:
    """Keeps ballots in Redis and signs receipts. Ballots that arrive while the disk is busy share its next write.

    replicas: how many replicas of Redis must have a ballot on their disks too.
    """

    def __init__(self, redis: Redis, names: Names, typed: Typed, receipt_key: str, replicas: int = 0) -> None:
        self.redis = redis
        self.names = names
        self.typed = typed
        self.replicas = replicas
        self.account = Account.from_key(receipt_key)
        self.key = PrivateKey(bytes(self.account.key))
        self._waiting: list[tuple[Ballot, asyncio.Future[Receipt]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, ballot: Ballot) -> Receipt:
        """The receipt, once the ballot is on disk; the first receipt if it was there already.

        Raises BallotError if the seat voted otherwise on this ply, if the relay has all that it can carry, or if
        nothing reaches the disk.
        """
        if (trace := tracing.carried()) is not None:
            ballot = replace(ballot, trace=trace)
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((ballot, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await asyncio.shield(future)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                kept = await self._store([ballot for ballot, _ in batch])
            except Exception as error:
                problem = _unsafe(error)
                problem.__cause__ = error
                for _, future in batch:
                    future.set_exception(problem)
                    future.exception()
                continue
            for (ballot, future), receipt in zip(batch, kept, strict=True):
                if receipt is None:
                    future.set_exception(full())
                    future.exception()
                elif receipt.move == ballot.move.uci():
                    future.set_result(receipt)
                else:
                    future.set_exception(voted(receipt.move))
                    future.exception()

    async def _store(self, ballots: list[Ballot]) -> list[Receipt | None]:
        deadlines: dict[str, int] = {}
        sent: list[str] = []
        async with self.redis.pipeline(transaction=False) as pipe:
            for ballot in ballots:
                name = self.names.ballots(ballot.game, ballot.ply, ballot.position_key)
                stored = StoredBallot(
                    signature=ballot.signature.hex(), receipt=self._receipt(ballot), trace=ballot.trace
                )
                sent.append(stored.dump())
                given = str(ballot.seat), sent[-1], str(ballot.room), str(ballot.game)
                pipe.eval(TAKE, 2, name, self.names.journal, *given)
                deadlines[name] = ballot.deadline
                pipe.hget(self.names.voted(ballot.game), str(ballot.seat))
            for name, deadline in deadlines.items():
                pipe.expireat(name, deadline + KEPT_SECONDS)
            for game in {ballot.game for ballot in ballots}:
                announce(pipe, self.names, game)
            pipe.publish(self.names.wake, "ballots")
            # WAITAOF waits for all writes up to this connection's last (INCR): also for a ballot that was there.
            pipe.execute_command("WAITAOF", 1, self.replicas, DISK_TIMEOUT_MS)
            replies = await pipe.execute()
        here, there = replies[-1]
        if here < 1:
            raise RedisError("the disk does not answer")
        if there < self.replicas:
            raise ReplicasError(f"on the disks of {there} of {self.replicas} replicas")
        kept = [StoredBallot.load(reply) for reply in replies[: 2 * len(ballots) : 2]]
        metrics.acknowledged.inc(sum(made == reply for made, reply in zip(sent, replies[::2], strict=False)))
        await self._mark(ballots, replies[1 : 2 * len(ballots) : 2])
        return [None if stored is None else stored.receipt for stored in kept]

    async def _mark(self, ballots: list[Ballot], counted: list[str | None]) -> None:
        """Notes ballots that the chain had counted when they were stored: the indexer did not see them (it looks for
        stored ballots after it has written what the chain counted)."""
        for ballot, text in zip(ballots, counted, strict=True):
            vote = CountedVote.load(text)
            if vote is not None and vote.ply == ballot.ply:
                name = self.names.carried(ballot.game, ballot.ply, ballot.position_key)
                await self.redis.sadd(name, str(ballot.seat))
                await self.redis.expireat(name, ballot.deadline + KEPT_SECONDS)

    def _receipt(self, ballot: Ballot) -> Receipt:
        received = int(time.time())
        digest = self.typed.receipt(
            ballot.game, ballot.seat, ballot.ply, pack_move(ballot.move), ballot.position_key, received
        )
        return Receipt(
            game=ballot.game,
            seat=ballot.seat,
            ply=ballot.ply,
            move=ballot.move.uci(),
            position=ballot.position_key,
            received=received,
            relay=self.account.address,
            signature="0x" + sign(self.key, digest).hex(),
        )


def _unsafe(error: Exception) -> BallotError:
    """Why a ballot got no receipt although it may be counted: it may be lost."""
    if isinstance(error, ReplicasError):
        text = f"the ballot is {error}, too few to be kept safely; cast it on chain, or try again soon"
        return BallotError(503, "replicas", text, RETRY_SECONDS)
    return BallotError(503, "disk", "ballots cannot be kept safely now; try again soon")
