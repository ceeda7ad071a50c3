"""The relay: brings ballots and proofs to the chain, and ends every wait that anyone may end.

It reads the game's state from the contract itself and simulates every call before it sends it, so the worst that stale
or lost data can do is nothing. It never voids a game. Of several relays one acts, the holder of a lease.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any, cast

import chess
from redis import Redis
from redis.exceptions import RedisError
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from engine.encoding import pack_move
from server.chain.client import Block, Chain, Summary
from server.chain.node import Unreachable
from server.chain.outbox import Flight, Outbox
from server.chain.reverts import Refused, error_name
from server.chain.sender import GAS_LIMIT, Sender
from server.processes.loop import run_loop, stop_signal
from server.settings import Settings
from server.store import progress
from server.store.ballots import BALLOT_BYTES, BALLOT_GAS, capacity, pack_ballot
from server.store.connect import connect_redis
from server.store.jobs import Jobs
from server.store.keys import Keys
from server.store.lease import Lease

log = logging.getLogger(__name__)

BATCH = 200
"""Ballots in one transaction, 3M gas; at the last call as many as one can hold."""
FULL = 100
"""From this many on, a batch is cheap enough whatever was spent."""
READ = 60.0
"""Seconds after which the indexer will have read what was sent and mined."""
HEALTH = 5.0
"""Seconds between looks at the relay's balance."""
RETRY = 1.0
"""Seconds between tries of a call that was refused, while the chain stands still."""


@dataclass
class Desk:
    """What the relay remembers of one game; all of it may be forgotten."""

    summary: Summary
    refused: dict[str, float] = field(default_factory=dict)
    """Purpose -> when it was refused, since the last block."""


class Relay:
    def __init__(self, chain: Chain, outbox: Outbox, jobs: Jobs, redis: Redis, keys: Keys, settings: Settings) -> None:
        self.chain = chain
        self.outbox = outbox
        self.sender = outbox.sender
        self.jobs = jobs
        self.redis = redis
        self.keys = keys
        self.budget = settings.relay_gas
        self.margin = settings.ballot_margin
        self.lease = Lease(redis, keys.leader)
        self.leading = False
        self.head: Block | None = None
        self.seen = 0.0
        self.stale = False
        self.checked = 0.0
        self.desks: dict[int, Desk] = {}
        self.over: set[int] = set()
        self.mined: list[Flight] = []
        """Ballots counted so lately that the indexer may not have read of them."""
        self.reverts: dict[str, tuple[int, float]] = {}

    def step(self) -> bool:
        """Does what can be done now. True: there may be more at once."""
        if not self.lease.hold():
            self.leading = False
            return False
        if not self.leading:
            self.outbox.resume()
            self.desks.clear()
            self.leading = True
            log.info("this relay acts, as %s", self.sender.address)
        settled = self._settle()
        self._read_chain()
        self._check_health()
        acted = self._act_in_all()
        return settled or acted

    def _act_in_all(self) -> bool:
        """Acts in each game: a fault in one does not keep the others waiting. Then raises the node's last fault."""
        acted = False
        fault: Exception | None = None
        for game, desk in list(self.desks.items()):
            try:
                acted |= self._act(game, desk)
            except RedisError:
                raise
            except Unreachable as error:
                fault = error
            except Exception:
                log.exception("game %s cannot be relayed now", game)
        if fault is not None:
            raise fault
        return acted

    def _settle(self) -> bool:
        settled = self.outbox.settle()
        self.mined = [flight for flight in self.mined if time.time() - flight.at < READ]
        for flight, receipt in settled:
            kind, *parts = flight.purpose.split(":")
            self.redis.hincrby(self.keys.stats, "transactions", 1)
            self.redis.hincrby(self.keys.stats, "gas", receipt["gasUsed"])
            if kind == "cast":
                name = self.keys.spent(int(parts[0]), int(parts[1]))
                self.redis.incrby(name, receipt["gasUsed"])
                self.redis.expire(name, 30 * 86_400)
            if kind == "move" and receipt["status"]:
                progress.verified(self.redis, self.keys, int(parts[0]), int(parts[1]), flight.hash)
            if receipt["status"]:
                self.reverts.pop(flight.purpose, None)
                if kind == "cast":
                    self.mined.append(flight)
            else:
                count = self.reverts.get(flight.purpose, (0, 0.0))[0] + 1
                self.reverts[flight.purpose] = (count, time.monotonic() + min(2.0**count, 300))
                self.redis.hincrby(self.keys.stats, "reverts", 1)
        self.stale |= bool(settled)
        return bool(settled)

    def _read_chain(self) -> None:
        head = self.chain.head()
        if self.head is not None and head.hash == self.head.hash and not self.stale:
            return
        if self.head is None or not self.chain.extends(self.head.number, self.head.hash, head):
            # A reorganisation may reopen what was over, and take back what was mined.
            self.over.clear()
            self.mined.clear()
        summaries = {
            game: self.chain.summary(game)
            for game in range(self.chain.contract.functions.games().call())
            if game not in self.over
        }
        self.over |= {game for game, summary in summaries.items() if summary.state == "over"}
        self.desks = {game: Desk(summary) for game, summary in summaries.items() if summary.state != "over"}
        self.head, self.seen, self.stale = head, time.time(), False

    @property
    def now(self) -> float:
        """The chain's clock."""
        assert self.head is not None
        return self.head.time + time.time() - self.seen

    def _check_health(self) -> None:
        """Tells the api every few seconds that the relay is there, or why it cannot carry anything."""
        if time.monotonic() - self.checked < HEALTH:
            return
        self.checked = time.monotonic()
        balance = self.sender.balance()
        needed = self.budget * self.chain.w3.eth.gas_price
        trouble = "" if balance >= needed else f"the relay {self.sender.address} needs funds for gas"
        if trouble:
            log.warning("%s: it has %s wei, a ply may need %s", trouble, balance, needed)
        self.redis.set(self.keys.relay, trouble, ex=30)

    def _act(self, game: int, desk: Desk) -> bool:
        call, summary = self.chain.contract.functions, desk.summary
        if summary.state == "lobby":
            due = self.now >= summary.deadline if summary.deadline else summary.world_pool > 0
            return due and self._send(desk, f"lobby:{game}", call.closeLobby(game)) is not None
        if summary.state == "drawn":
            assert self.head is not None
            due = self.head.number >= summary.draw_block
            return due and self._send(desk, f"begin:{game}", call.begin(game)) is not None
        if summary.state == "vote":
            return self._vote(game, desk)
        return summary.state == "prove" and self._prove(game, desk)

    # ---------------------------------------------------------------------------------------------------- the vote

    def _vote(self, game: int, desk: Desk) -> bool:
        summary = desk.summary
        if self.now < summary.deadline:
            if self._cast(game, desk):
                return True
            if self._casts(game, summary.position.ply):
                return False
        if self.now < summary.decidable_at:
            return False
        close = self.chain.contract.functions.closeVote(game)
        return self._send(desk, f"close:{game}:{summary.position.ply}", close) is not None

    def _cast(self, game: int, desk: Desk) -> bool:
        """Carries ballots received and not carried yet, heaviest seats first.

        One batch at a time, until the last call: then all that is left goes at once, whatever is in flight.
        """
        summary, ply = desk.summary, desk.summary.position.ply
        last_call = self.now >= summary.deadline - self.margin
        if self._casts(game, ply) and not last_call:
            return False
        entries = self._pending(game, ply, summary.position.key)
        if not entries:
            return False
        spent = int(self.redis.get(self.keys.spent(game, ply)) or 0)
        if spent > self.budget // 2 and len(entries) < FULL and not last_call:
            return False
        batch = entries[: GAS_LIMIT // BALLOT_GAS if last_call else BATCH]
        call = self.chain.contract.functions.castBallots(game, ply, b"".join(batch))
        if call.call({"from": self.sender.address}, "pending") == 0:
            return False
        seat = int.from_bytes(batch[0][:4], "big")
        return self._send(desk, f"cast:{game}:{ply}:{seat}", call) is not None

    def _casts(self, game: int, ply: int) -> list[Flight]:
        """The ballots of a ply that are in flight."""
        return [flight for flight in self.outbox.flying.values() if _carries(flight, game, ply)]

    def _carried(self, game: int, ply: int) -> set[bytes]:
        """The packed ballots of a ply that are in flight, or counted and perhaps not in the read model."""
        flights = self._casts(game, ply) + [flight for flight in self.mined if _carries(flight, game, ply)]
        decode = self.chain.contract.decode_function_input
        batches = [decode(cast(Any, flight.data))[1]["ballots"] for flight in flights]
        return {batch[at : at + BALLOT_BYTES] for batch in batches for at in range(0, len(batch), BALLOT_BYTES)}

    def _pending(self, game: int, ply: int, position: str) -> list[bytes]:
        """The packed ballots of this position that are to be carried, heaviest seats first."""
        received = cast("dict[str, str]", self.redis.hgetall(self.keys.ballots(game, ply, position)))
        if not received:
            return []
        seats = list(received)
        voted = cast("list[str | None]", self.redis.hmget(self.keys.voted(game), seats))
        stored = cast("list[str | None]", self.redis.hmget(self.keys.seats(game), seats))
        carried = self._carried(game, ply)
        pending = []
        for number, vote, seat in zip(seats, voted, stored, strict=True):
            if vote is not None and vote.startswith(f"{ply}:"):
                continue
            entry = json.loads(received[number])
            move = pack_move(chess.Move.from_uci(entry["receipt"]["move"]))
            rank = json.loads(seat)["rank"] if seat is not None else None
            packed = pack_ballot(int(number), move, bytes.fromhex(entry["signature"]))
            if packed not in carried:
                pending.append((rank if rank is not None else capacity(self.budget), packed))
        return [packed for _, packed in sorted(pending)]

    # ------------------------------------------------------------------------------------------------- the network

    def _prove(self, game: int, desk: Desk) -> bool:
        position, ply = desk.summary.position, desk.summary.position.ply
        purpose, name = f"move:{game}:{ply}", self.keys.proof(game, ply, desk.summary.position.key)
        stored = cast("str | None", self.redis.get(name))
        if stored is None:
            if self.jobs.ensure(game, ply, position.key):
                progress.report(self.redis, self.keys, game, ply, "queued", 0)
            return False
        proof = json.loads(stored)
        bitmap = [int(word, 16) for word in proof["words"][:25]]
        call = self.chain.contract.functions.submitMove(
            game,
            pack_move(chess.Move.from_uci(proof["move"])),
            bitmap,
            Web3.to_checksum_address(proof["payee"]),
            bytes.fromhex(proof["proof"][2:]),
        )
        sent = self._send(desk, purpose, call)
        if sent is not None:
            progress.report(self.redis, self.keys, game, ply, "submitted", 1, tx=sent)
            return True
        if purpose in desk.refused and self._worthless(call) and self.chain.summary(game) == desk.summary:
            log.error("the contract refuses the proof of game %s, ply %s: it is made again", game, ply)
            self.redis.delete(name)
        return False

    def _worthless(self, submit: ContractFunction) -> bool:
        """Whether the contract refuses a proof as things stand.

        That it was refused on top of what is not mined yet says little: somebody else's move may be among that.
        """
        try:
            submit.call({"from": self.sender.address}, "latest")
        except ContractLogicError as error:
            return error_name(error) is not None
        return False

    # ----------------------------------------------------------------------------------------------------- sending

    def _send(self, desk: Desk, purpose: str, call: ContractFunction) -> str | None:
        """Sends the call if it would succeed; its hash. Asks again after a second or a block, later if it reverted."""
        if time.monotonic() < self.reverts.get(purpose, (0, 0.0))[1]:
            return None
        if time.monotonic() - desk.refused.get(purpose, float("-inf")) < RETRY:
            return None
        try:
            sent = self.outbox.send(purpose, call)
        except Refused as error:
            log.debug("%s: not now: %s", purpose, error)
            desk.refused[purpose] = time.monotonic()
            return None
        if sent is not None:
            log.info("sent %s: %s", purpose, sent)
            desk.refused.pop(purpose, None)
        return sent


def _carries(flight: Flight, game: int, ply: int) -> bool:
    """Whether a transaction carries ballots of this ply."""
    return flight.purpose.startswith(f"cast:{game}:{ply}:")


def run(settings: Settings) -> None:
    """Relays until SIGTERM or SIGINT."""
    key = settings.need("relay_key")
    stop = stop_signal()
    redis, chain = connect_redis(settings), Chain.connect(settings)
    keys = Keys(settings.chain_id, settings.contract)
    jobs = Jobs(connect_redis(settings, text=False), keys)
    outbox = Outbox(Sender(chain.w3, key, "RELAY_KEY"), chain.contract.address, redis, keys)
    relay = Relay(chain, outbox, jobs, redis, keys, settings)
    run_loop(relay.step, redis, keys.wake, 0.1 if settings.local else 1.0, stop)
    relay.lease.release()
