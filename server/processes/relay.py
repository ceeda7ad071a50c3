"""The relay: sends ballots and proofs to the chain, and makes the calls that anyone may make when their time has come.

It reads the game's state from the contract and simulates every call before it sends it, so stale or lost data in Redis
cannot make it send a wrong call. It never voids a game. Of several relays only the holder of a lease acts.
"""

from __future__ import annotations

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
from web3.types import TxReceipt

from engine.encoding import pack_move
from server.chain import beacon
from server.chain.client import Block, Chain, Summary
from server.chain.node import Unreachable
from server.chain.outbox import Outbox
from server.chain.reverts import Refused, error_name
from server.chain.sender import GAS_LIMIT, Sender
from server.chain.signer import signer_of
from server.logline import line
from server.processes.loop import run_loop, stop_signal
from server.settings import Environment, Settings, SettingsError
from server.store import progress
from server.store.admission import BALLOT_GAS, capacity
from server.store.connect import connect_redis
from server.store.jobs import Jobs
from server.store.lease import Lease
from server.store.names import Names
from server.store.records import (
    BALLOT_BYTES,
    KEPT_SECONDS,
    CountedVote,
    Flight,
    Purpose,
    Seat,
    StoredBallot,
    StoredProof,
)

log = logging.getLogger(__name__)

BATCH = 200
"""Most ballots in one transaction (3M gas). Just before the deadline the gas limit of a transaction alone counts."""
FULL_BATCH = 100
"""Batches of this size are sent even when half of the ply's gas budget is spent: they cost little gas a ballot."""
INDEXED_SECONDS = 60.0
"""After this time the indexer has read what was mined."""
HEALTH_SECONDS = 5.0
"""Time between two looks at the relay's balance."""
BEACON_RETRY_SECONDS = 5.0
"""Time between two questions to the beacon."""
RETRY_SECONDS = 1.0
"""Time between two tries of a call that was refused, while no block is made."""
SENT = {
    "lobby": "lobby_close_sent",
    "begin": "begin_sent",
    "draw": "beacon_round_sent",
    "cast": "ballot_batch_sent",
    "close": "vote_close_sent",
    "move": "proven_move_sent",
}
"""Names of the log lines about what was sent, by the kind of purpose."""


@dataclass
class Desk:
    """What the relay holds in memory of one game. It can be lost."""

    summary: Summary
    refused: dict[Purpose, float] = field(default_factory=dict)
    """Purpose -> when it was refused, since the last block."""


class Relay:
    def __init__(
        self, chain: Chain, outbox: Outbox, jobs: Jobs, redis: Redis, names: Names, settings: Settings
    ) -> None:
        self.chain = chain
        self.outbox = outbox
        self.sender = outbox.sender
        self.jobs = jobs
        self.redis = redis
        self.names = names
        self.budget = settings.relay_gas
        self.margin = settings.ballot_margin
        self.lease = Lease(redis, names.leader)
        self.leading = False
        self.head: Block | None = None
        self.seen = 0.0
        self.stale = False
        self.checked = 0.0
        self.desks: dict[int, Desk] = {}
        self.over: set[int] = set()
        self.mined: list[Flight] = []
        """Ballots counted so lately that the indexer may not have read of them."""
        self.reverts: dict[Purpose, tuple[int, float]] = {}
        self.beacon_url = settings.beacon_url
        self.beacon_next = 0.0
        """When the beacon may be asked again."""
        self.rounds: dict[int, bytes] = {}
        """The round fetched last: its number and signature."""

    def step(self) -> bool:
        """Does what can be done now. True: call again at once, there may be more."""
        if not self.lease.hold():
            self.leading = False
            return False
        if not self.leading:
            self.outbox.resume()
            self.desks.clear()
            self.leading = True
            log.info(line("relay_leads", address=self.sender.address))
        settled = self._settle()
        self._read_chain()
        self._check_health()
        acted = self._act_in_all()
        return settled or acted

    def _act_in_all(self) -> bool:
        """Acts in each game; a fault in one game does not delay the others. Raises the node's last fault afterwards."""
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
                log.exception(line("game_not_relayed", game=game))
        if fault is not None:
            raise fault
        return acted

    def _settle(self) -> bool:
        settled = self.outbox.settle()
        self.mined = [flight for flight in self.mined if time.time() - flight.at < INDEXED_SECONDS]
        for flight, receipt in settled:
            self._account(flight, receipt)
        self.stale |= bool(settled)
        return bool(settled)

    def _account(self, flight: Flight, receipt: TxReceipt) -> None:
        """Notes what a transaction that was mined has cost and done."""
        purpose, gas, done = flight.purpose, receipt["gasUsed"], bool(receipt["status"])
        self.redis.hincrby(self.names.stats, "transactions", 1)
        self.redis.hincrby(self.names.stats, "gas", gas)
        if purpose.kind == "cast" and purpose.ply is not None:
            name = self.names.spent(purpose.game, purpose.ply)
            self.redis.incrby(name, gas)
            self.redis.expire(name, KEPT_SECONDS)
        if not done:
            count = self.reverts.get(purpose, (0, 0.0))[0] + 1
            self.reverts[purpose] = (count, time.monotonic() + min(2.0**count, 300))
            self.redis.hincrby(self.names.stats, "reverts", 1)
            return
        self.reverts.pop(purpose, None)
        if purpose.kind == "cast":
            self.mined.append(flight)
        elif purpose.kind == "move" and purpose.ply is not None:
            progress.verified(self.redis, self.names, purpose.game, purpose.ply, flight.hash)

    def _read_chain(self) -> None:
        head = self.chain.head()
        if self.head is not None and head.hash == self.head.hash and not self.stale:
            return
        if self.head is None or not self.chain.extends(self.head.number, self.head.hash, head):
            # After a reorganisation a finished game may be open again, and mined ballots may be gone.
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
        """Tells the API every HEALTH_SECONDS that a relay is at work, or why it cannot send anything."""
        if time.monotonic() - self.checked < HEALTH_SECONDS:
            return
        self.checked = time.monotonic()
        balance = self.sender.balance()
        needed = self.budget * self.chain.w3.eth.gas_price
        trouble = "" if balance >= needed else f"the relay {self.sender.address} needs funds for gas"
        if trouble:
            log.warning(line("relay_underfunded", address=self.sender.address, wei=balance, needed_wei=needed))
        self.redis.set(self.names.relay, trouble, ex=30)

    def _act(self, game: int, desk: Desk) -> bool:
        call, summary = self.chain.contract.functions, desk.summary
        if summary.state == "lobby":
            due = self.now >= summary.deadline if summary.deadline else summary.world_pool > 0
            return due and self._send(desk, Purpose("lobby", game), call.closeLobby(game)) is not None
        if summary.state == "drawn":
            assert self.head is not None
            if summary.draw_round and self.now < summary.deadline:
                return self._draw(game, desk)
            due = self.head.number >= summary.draw_block
            return due and self._send(desk, Purpose("begin", game), call.begin(game)) is not None
        if summary.state == "vote":
            return self._vote(game, desk)
        return summary.state == "prove" and self._prove(game, desk)

    def _draw(self, game: int, desk: Desk) -> bool:
        """Brings the beacon's round, once it is signed. The contract verifies it before it is sent, and again then."""
        number = desk.summary.draw_round
        if number not in self.rounds:
            if time.monotonic() < self.beacon_next:
                return False
            self.beacon_next = time.monotonic() + BEACON_RETRY_SECONDS
            try:
                self.rounds = {number: beacon.fetch(self.beacon_url, number)}
            except beacon.BeaconError as error:
                log.info(line("beacon_round_missing", game=game, round=number, error=error))
                return False
        call = self.chain.contract.functions.beginByBeacon(game, self.rounds[number])
        return self._send(desk, Purpose("draw", game), call) is not None

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
        return self._send(desk, Purpose("close", game, summary.position.ply), close) is not None

    def _cast(self, game: int, desk: Desk) -> bool:
        """Sends ballots that were received and not sent yet, heaviest seats first.

        One batch at a time. In the last seconds, when the API takes no more ballots, all that are left go at once.
        """
        summary, ply = desk.summary, desk.summary.position.ply
        last_call = self.now >= summary.deadline - self.margin
        if self._casts(game, ply) and not last_call:
            return False
        entries = self._pending(game, ply, summary.position.key)
        if not entries:
            return False
        spent = int(self.redis.get(self.names.spent(game, ply)) or 0)
        if spent > self.budget // 2 and len(entries) < FULL_BATCH and not last_call:
            return False
        batch = entries[: GAS_LIMIT // BALLOT_GAS if last_call else BATCH]
        call = self.chain.contract.functions.castBallots(game, ply, b"".join(batch))
        if call.call({"from": self.sender.address}, "pending") == 0:
            return False
        seat = int.from_bytes(batch[0][:4], "big")
        return self._send(desk, Purpose("cast", game, ply, seat), call) is not None

    def _casts(self, game: int, ply: int) -> list[Flight]:
        """The ballots of a ply that are in flight."""
        return [flight for flight in self.outbox.flying.values() if flight.purpose.casts(game, ply)]

    def _carried(self, game: int, ply: int) -> set[bytes]:
        """The packed ballots of a ply that are in flight, or counted and perhaps not in the read model."""
        flights = self._casts(game, ply) + [flight for flight in self.mined if flight.purpose.casts(game, ply)]
        decode = self.chain.contract.decode_function_input
        batches = [decode(cast(Any, flight.data))[1]["ballots"] for flight in flights]
        return {batch[at : at + BALLOT_BYTES] for batch in batches for at in range(0, len(batch), BALLOT_BYTES)}

    def _pending(self, game: int, ply: int, position_key: str) -> list[bytes]:
        """The packed ballots of this position that are to be carried, heaviest seats first."""
        received = cast("dict[str, str]", self.redis.hgetall(self.names.ballots(game, ply, position_key)))
        if not received:
            return []
        counted = map(CountedVote.load, cast("list[str | None]", self.redis.hmget(self.names.voted(game), [*received])))
        seats = map(Seat.load, cast("list[str | None]", self.redis.hmget(self.names.seats(game), [*received])))
        carried = self._carried(game, ply)
        pending = []
        for text, vote, seat in zip(received.values(), counted, seats, strict=True):
            packed = StoredBallot.model_validate_json(text).packed()
            if packed in carried or (vote is not None and vote.ply == ply):
                continue
            rank = None if seat is None else seat.rank
            pending.append((rank if rank is not None else capacity(self.budget), packed))
        return [packed for _, packed in sorted(pending)]

    # ------------------------------------------------------------------------------------------------- the network

    def _prove(self, game: int, desk: Desk) -> bool:
        ply, position_key = desk.summary.position.ply, desk.summary.position.key
        purpose, name = Purpose("move", game, ply), self.names.proof(game, ply, position_key)
        proof = StoredProof.load(cast("str | None", self.redis.get(name)))
        if proof is None:
            if self.jobs.ensure(game, ply, position_key):
                progress.report(self.redis, self.names, game, ply, "queued", 0)
            return False
        call = self.chain.contract.functions.submitMove(
            game,
            pack_move(chess.Move.from_uci(proof.move)),
            proof.bitmap,
            Web3.to_checksum_address(proof.payee),
            bytes.fromhex(proof.proof[2:]),
        )
        sent = self._send(desk, purpose, call)
        if sent is not None:
            progress.report(self.redis, self.names, game, ply, "submitted", 1, tx=sent)
            return True
        if purpose in desk.refused and self._worthless(call) and self.chain.summary(game) == desk.summary:
            log.error(line("proof_refused_by_contract", game=game, ply=ply))  # it is thrown away and made again
            self.redis.delete(name)
        return False

    def _worthless(self, submit: ContractFunction) -> bool:
        """Whether the contract refuses a proof as things stand.

        A refusal on top of the pending block proves nothing: the move of somebody else may be pending.
        """
        try:
            submit.call({"from": self.sender.address}, "latest")
        except ContractLogicError as error:
            return error_name(error) is not None
        return False

    # ----------------------------------------------------------------------------------------------------- sending

    def _send(self, desk: Desk, purpose: Purpose, call: ContractFunction) -> str | None:
        """Sends the call if it would succeed; returns the hash or None.

        A refused call is tried again after RETRY_SECONDS or a block, one that reverted with exponential back-off.
        """
        if time.monotonic() < self.reverts.get(purpose, (0, 0.0))[1]:
            return None
        if time.monotonic() - desk.refused.get(purpose, float("-inf")) < RETRY_SECONDS:
            return None
        try:
            sent = self.outbox.send(purpose, call)
        except Refused as error:
            log.debug(line("call_refused", purpose=purpose.kind, game=purpose.game, ply=purpose.ply, error=error))
            desk.refused[purpose] = time.monotonic()
            return None
        if sent is not None:
            log.info(line(SENT[purpose.kind], game=purpose.game, ply=purpose.ply, tx=sent))
            desk.refused.pop(purpose, None)
        return sent


def run(settings: Settings) -> None:
    """Relays until SIGTERM or SIGINT."""
    signer = signer_of(Environment.read(), "relay")
    if signer is None:
        raise SettingsError("RELAY_KEY: missing; it sends ballots and proofs, and pays their gas (or RELAY_SIGNER)")
    stop = stop_signal()
    redis, chain = connect_redis(settings), Chain.connect(settings)
    names = Names(settings.chain_id, settings.contract)
    jobs = Jobs(connect_redis(settings, text=False), names)
    outbox = Outbox(Sender(chain.w3, signer, "RELAY_KEY"), chain.contract.address, redis, names)
    relay = Relay(chain, outbox, jobs, redis, names, settings)
    run_loop(relay.step, redis, names.wake, 0.1 if settings.local else 1.0, stop)
    relay.lease.release()
