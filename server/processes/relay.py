"""The relay: sends ballots and proofs to the chain, and makes the calls that anyone may make when their time has come.

It reads the game's state from the contract and simulates every call before it sends it, so stale or lost data in Redis
cannot make it send a wrong call. It never voids a game. One relay acts (a lease), on all games side by side.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

import chess
from redis import Redis
from redis.exceptions import RedisError
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from engine.encoding import pack_move
from server import metrics
from server.chain import beacon
from server.chain.client import Chain, Summary
from server.chain.logs import Block
from server.chain.node import Unreachable
from server.chain.outbox import Outbox
from server.chain.reverts import Refused, refuses
from server.chain.sender import Sender
from server.chain.signer import signers_of
from server.logline import line
from server.processes.box import ballots_in
from server.processes.loop import run_loop, stop_signal
from server.processes.polling import Polling
from server.processes.traces import Traces
from server.settings import Environment, Settings, SettingsError
from server.store import progress
from server.store.connect import connect_redis
from server.store.jobs import Jobs
from server.store.lease import Lease
from server.store.names import Names
from server.store.records import SENT, Flight, Purpose, StoredProof

log = logging.getLogger(__name__)

HEALTH_SECONDS = 2.0
"""Time between two looks at the relay's balance, and two words to the API that it lives."""
HEALTH_KEPT_SECONDS = 10
"""How long such a word counts."""
SETTLE_SECONDS = 5.0
"""Time between two looks at what is in flight, while no block comes."""
REREAD_SECONDS = 15.0
"""Time between two reads of every game; in between only those with events are read."""
SPARE_GAS = 3_000_000
"""Gas that the account must be able to pay, for ends of waits and proofs; below it the relay carries nothing."""
BEACON_RETRY_SECONDS = 5.0
"""Time between two questions to the beacon."""
RETRY_SECONDS = 1.0
"""Time between two tries of a call that was refused, while no block is made."""
THREADS = 16
"""Games handled at the same time."""


@dataclass
class Desk:
    """What the relay holds in memory of one game. It can be lost."""

    summary: Summary
    refused: dict[Purpose, float] = field(default_factory=dict)
    """Purpose -> when it was refused, since the last block."""


class Relay:
    """`pace`: least time in seconds between two looks at the chain's head."""

    def __init__(
        self,
        chain: Chain,
        outboxes: Sequence[Outbox],
        jobs: Jobs,
        redis: Redis,
        names: Names,
        settings: Settings,
        pace: float = 0.0,
    ) -> None:
        self.chain = chain
        self.outboxes = outboxes
        self.jobs = jobs
        self.redis = redis
        self.names = names
        self.lease = Lease(redis, names.leader)
        self.term = 0
        """The lease's term in which this relay acts; 0: in none."""
        self.head: Block | None = None
        self.seen = 0.0
        self.pace = pace
        self.looked = self.settled = self.read = self.checked = float("-inf")
        self.new_block = False
        self.desks: dict[int, Desk] = {}
        self.over: set[int] = set()
        self.known = 0
        """How many games there are at least."""
        self.polling = Polling(chain, redis, names, settings)
        self.reverts: dict[Purpose, tuple[int, float]] = {}
        self.traces = Traces()
        self.beacon_url = settings.beacon_url
        self.beacon_next = 0.0
        """When the beacon may be asked again."""
        self.rounds: dict[int, bytes] = {}
        """The round fetched last: its number and signature."""
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="game")

    def outbox(self, game: int) -> Outbox:
        """The outbox of the key that serves this game."""
        return self.outboxes[game % len(self.outboxes)]

    def step(self) -> bool:
        """Does what can be done now. True: call again at once, there may be more."""
        if not self.lease.hold():
            self.term = 0
            return False
        if self.term != self.lease.term:
            for outbox in self.outboxes:
                outbox.resume()
            self.head = None
            self.desks.clear()
            self.polling.clear()
            self.term = self.lease.term
            log.info(line("relay_leads", addresses=[outbox.sender.address for outbox in self.outboxes]))
        began = time.monotonic()
        self._read_chain()
        settled = self._settle()
        self._check_health()
        self._poll()
        acted = self._act_in_all()
        if acted or settled:
            self.polling.pace.worked(time.monotonic() - began)
        return settled or acted

    def _act_in_all(self) -> bool:
        """Acts in each game; a fault in one game does not delay the others. Raises the node's last fault afterwards."""
        desks = list(self.desks.items())
        many = len(desks) > 1
        results = list((self.threads.map if many else map)(self._try, *zip(*desks, strict=True)) if desks else [])
        for _, fault in results:
            if fault is not None:
                raise fault
        return any(acted for acted, _ in results)

    def _try(self, game: int, desk: Desk) -> tuple[bool, Exception | None]:
        """Acts in a game: whether it did, and a fault of Redis or the node."""
        try:
            return self._act(game, desk), None
        except (RedisError, *Unreachable) as error:
            return False, error
        except Exception:
            log.exception(line("game_not_relayed", game=game))
            return False, None

    def _settle(self) -> bool:
        if not self.new_block and time.monotonic() - self.settled < SETTLE_SECONDS:
            return False
        settled = [(flight, receipt) for outbox in self.outboxes for flight, receipt in outbox.settle()]
        for flight, receipt in settled:
            self._account(flight, receipt)
        self.settled = time.monotonic()
        return bool(settled)

    def _account(self, flight: Flight, receipt: TxReceipt) -> None:
        """Notes what a transaction that was mined has cost and done."""
        purpose, gas, done = flight.purpose, receipt["gasUsed"], bool(receipt["status"])
        self.polling.pace.mined(time.time() - flight.begun)
        metrics.inclusion.labels(purpose.kind).observe(time.time() - flight.begun)
        self.traces.mined(flight, receipt, self.polling.traces(flight))
        self.redis.hincrby(self.names.stats, "transactions", 1)
        self.redis.hincrby(self.names.stats, "gas", gas)
        if purpose.kind == "cast" and purpose.ply is not None:
            self.polling.paid(purpose.game, purpose.ply, gas, int(receipt.get("effectiveGasPrice", 0)))
        if not done:
            count = self.reverts.get(purpose, (0, 0.0))[0] + 1
            self.reverts[purpose] = (count, time.monotonic() + min(2.0**count, 300))
            self.redis.hincrby(self.names.stats, "reverts", 1)
            return
        self.reverts.pop(purpose, None)
        if purpose.kind == "cast":
            self.polling.settle(purpose, ballots_in(flight.data), self.chain.ballots_counted(receipt))
        elif purpose.kind == "move" and purpose.ply is not None:
            progress.verified(self.redis, self.names, purpose.game, purpose.ply, flight.hash)

    def _read_chain(self) -> None:
        now = time.monotonic()
        self.new_block = False
        if self.head is not None and now - self.looked < self.pace:
            return
        head = self.chain.head()
        self.looked = now
        last, self.new_block = self.head, self.head is None or head.hash != self.head.hash
        if not self.new_block and now - self.read < REREAD_SECONDS:
            return
        follows = last is not None and self.chain.extends(last.number, last.hash, head)
        if not follows:
            # After a reorganisation a finished game may be open again, and mined ballots may be gone.
            self.over.clear()
            self.known = 0
            self.polling.forget()
        whole = last is None or not follows or now - self.read >= REREAD_SECONDS
        games = self._games() if whole or last is None else self.chain.touched(last.number + 1, head)
        summaries = self.chain.summaries(sorted(games - self.over))
        if whole:
            self.desks.clear()
            self.read = now
        for game, summary in summaries.items():
            self.desks.pop(game, None)
            if summary.state == "over":
                self.over.add(game)
            elif summary.state is not None:
                self.desks[game] = Desk(summary)
        if (whole and len(games) < self.known) or any(summary.state is None for summary in summaries.values()):
            self.read = float("-inf")  # no game vanishes: the node lags or lies, so all are read again at once
        self.known = max(self.known, len(games) if whole else 0)
        for desk in self.desks.values():
            desk.refused.clear()
        if self.new_block:
            self.head, self.seen = head, time.time()
            self.polling.pace.saw(head)

    def _games(self) -> set[int]:
        return set(range(self.chain.contract.functions.games().call()))

    @property
    def now(self) -> float:
        """The chain's clock."""
        assert self.head is not None
        return self.head.time + time.time() - self.seen

    def _poll(self) -> None:
        """Reads the ballots of the votes that go on, plans their batches, and says what more can be carried."""
        assert self.head is not None
        votes = {game: desk.summary for game, desk in self.desks.items() if desk.summary.state == "vote"}
        flying = [flight for outbox in self.outboxes for flight in list(outbox.flying.values())]
        self.polling.read(votes, self.head, self.new_block)
        self.polling.plan(self.head, self.now, flying)
        self.polling.publish(self.head, self.now, max(outbox.oldest() for outbox in self.outboxes))

    def _check_health(self) -> None:
        """Tells the API every HEALTH_SECONDS that a relay is at work, or why it cannot send anything."""
        if time.monotonic() - self.checked < HEALTH_SECONDS:
            return
        self.checked = time.monotonic()
        price = self.chain.w3.eth.gas_price
        trouble = ""
        balances = [(outbox.sender, outbox.sender.balance()) for outbox in self.outboxes]
        for sender, balance in balances:
            if balance < SPARE_GAS * price:
                trouble = f"the relay {sender.address} needs funds for gas"
                log.warning(
                    line("relay_underfunded", address=sender.address, wei=balance, needed_wei=SPARE_GAS * price)
                )
        if stale := self.polling.pace.stale():
            trouble = f"the chain's newest block came {stale:.0f} s ago"
            log.warning(line("head_stale", seconds=round(stale)))
        metrics.balance.set(sum(balance for _, balance in balances))
        self.polling.price = price
        self.polling.purse = sum(max(0, balance - SPARE_GAS * price) for _, balance in balances)
        self.redis.set(self.names.relay, trouble, ex=HEALTH_KEPT_SECONDS)

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
            if sent := [self._cast(game, desk, batch) for batch in self.polling.planned(game)]:
                return any(sent)
            if self.polling.unfinished(game, self.outbox(game).flying.values()):
                return False
        if self.now < summary.decidable_at:
            return False
        close = self.chain.contract.functions.closeVote(game)
        return self._send(desk, Purpose("close", game, summary.position.ply), close) is not None

    def _cast(self, game: int, desk: Desk, batch: list[bytes]) -> bool:
        """Sends a batch of ballots, if the contract would count any of it."""
        ply, sender = desk.summary.position.ply, self.outbox(game).sender
        purpose = Purpose("cast", game, ply, int.from_bytes(batch[0][:4], "big"))
        if self._waits(desk, purpose):
            return False
        gas = self.polling.gas(batch)
        call = self.chain.contract.functions.castBallots(game, ply, b"".join(batch))
        if call.call({"from": sender.address, "gas": gas}, "pending") == 0:
            # The node may lag or lie, so this is no verdict on ballots that have receipts: they are tried again.
            desk.refused[purpose] = time.monotonic()
            return False
        return self._send(desk, purpose, call, gas) is not None

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
            self.traces.sent(purpose, proof.trace)
            progress.report(self.redis, self.names, game, ply, "submitted", 1, tx=sent)
            return True
        worthless = purpose in desk.refused and refuses(call, self.outboxes[0].sender.address)
        if worthless and self.chain.summary(game) == desk.summary:
            log.error(line("proof_refused_by_contract", game=game, ply=ply))  # it is thrown away and made again
            self.redis.delete(name)
        return False

    # ----------------------------------------------------------------------------------------------------- sending

    def _waits(self, desk: Desk, purpose: Purpose) -> bool:
        """Whether a call is not to be tried yet: RETRY_SECONDS after a refusal, longer each time after a revert."""
        if time.monotonic() < self.reverts.get(purpose, (0, 0.0))[1]:
            return True
        return time.monotonic() - desk.refused.get(purpose, float("-inf")) < RETRY_SECONDS

    def _send(self, desk: Desk, purpose: Purpose, call: ContractFunction, gas: int | None = None) -> str | None:
        """Sends the call if it would succeed and is not to wait; returns the hash or None."""
        if self._waits(desk, purpose) or not self.lease.hold() or self.term != self.lease.term:
            return None
        try:
            sent = self.outbox(purpose.game).send(purpose, call, gas)
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
    signers = signers_of(Environment.read(), "relay")
    if not signers:
        raise SettingsError("RELAY_KEY: missing; it sends ballots and proofs, and pays their gas (or RELAY_SIGNER)")
    stop, redis, chain = stop_signal(), connect_redis(settings), Chain.connect(settings)
    names = Names.of(settings)
    jobs = Jobs(connect_redis(settings, text=False), names)
    outboxes = [
        Outbox(Sender(chain.w3, signer, "RELAY_KEY"), chain.contract.address, redis, names) for signer in signers
    ]
    interval = 0.1 if settings.local else 1.0
    relay = Relay(chain, outboxes, jobs, redis, names, settings, interval)
    relay.lease.keep(stop)
    run_loop(relay.step, redis, names.wake, interval, stop)
    relay.lease.release()
