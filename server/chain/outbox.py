"""Transactions in flight: sent once for each purpose, replaced when they are stuck, remembered in Redis."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from redis import Redis
from web3.contract.contract import ContractFunction
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import TxReceipt

from server.chain.sender import Draft, Fees, Sender
from server.store.keys import Keys

log = logging.getLogger(__name__)

STUCK_SECONDS = 45.0
"""Age at which an unmined transaction is replaced by one with higher fees (nonce replacement)."""
MAX_FEE_FACTOR = 4
"""Cap for replacement fees, as a multiple of what a new transaction would offer."""


class Outbox:
    """Transactions of one key to the game contract, at most one in flight for each purpose as far as Redis remembers.

    What is in flight is kept in Redis, so that a restarted process takes it over. A nonce is the lowest that is
    neither mined nor in flight: a transaction that a node forgot, or a reorganisation dropped, leaves no gap, and
    whoever wanted it asks again. One that Redis forgot is mined or, when fees have risen, replaced. One process at a
    time may use a key (see the relay's lease).
    """

    def __init__(self, sender: Sender, contract: str, redis: Redis, keys: Keys) -> None:
        self.sender = sender
        self.contract = contract
        self.redis = redis
        self.name = keys.sent(sender.address)
        self.flying: dict[int, Flight] = {}

    def resume(self) -> None:
        """Takes over what is in flight from the process that held this key before."""
        stored = cast("dict[str, str]", self.redis.hgetall(self.name))
        self.flying = {int(nonce): Flight(**json.loads(value)) for nonce, value in stored.items()}

    def send(self, purpose: str, call: ContractFunction) -> str | None:
        """Sends a call that would succeed now; its hash, or None while this purpose is in flight or the node is busy.

        Raises Refused, with the contract's error, for a call that would revert.
        """
        if any(flight.purpose == purpose for flight in self.flying.values()):
            return None
        nonce = self._nonce()
        # What Redis forgot and the node still has at this nonce would be replaced, so its effect does not count.
        forgotten = self.sender.count("pending") > nonce
        draft = self.sender.draft(call, block="latest" if forgotten else "pending")
        block, fee, tip = self.sender.fees()
        return self._submit(nonce, Flight(purpose, draft.data, draft.gas, fee, tip, time.time(), block))

    def settle(self) -> list[tuple[Flight, TxReceipt]]:
        """What was mined since the last call. Forgets what was dropped, sends again what is stuck."""
        done = []
        for nonce, flight in sorted(self.flying.items()):
            try:
                receipt = self.sender.w3.eth.get_transaction_receipt(cast(Any, flight.hash))
            except TransactionNotFound:
                self._chase(nonce, flight)
                continue
            self._forget(nonce)
            if not receipt["status"]:
                log.warning("transaction %s (%s) reverted", flight.hash, flight.purpose)
            done.append((flight, receipt))
        return done

    def _chase(self, nonce: int, flight: Flight) -> None:
        try:
            self.sender.w3.eth.get_transaction(cast(Any, flight.hash))
        except TransactionNotFound:
            log.warning("transaction %s (%s) was dropped", flight.hash, flight.purpose)
            self._forget(nonce)
            return
        if time.time() - flight.at <= STUCK_SECONDS:
            return
        block, fee, tip = self.sender.fees()
        raised = max(fee, _raised(flight.fee))  # at least the tip
        if block == flight.block or raised > MAX_FEE_FACTOR * fee:
            return  # fees are not why it waits
        tip = max(tip, _raised(flight.tip))
        again = Flight(flight.purpose, flight.data, flight.gas, raised, tip, time.time(), block)
        self._submit(nonce, again)

    def _submit(self, nonce: int, flight: Flight) -> str | None:
        draft = Draft(self.contract, flight.data, 0, flight.gas)
        signed = self.sender.sign(draft, nonce, Fees(flight.block, flight.fee, flight.tip))
        flight.hash = "0x" + bytes(signed.hash).hex()
        previous = self.flying.get(nonce)
        self._keep(nonce, flight)
        try:
            self.sender.w3.eth.send_raw_transaction(signed.raw_transaction)
        except Web3RPCError as error:
            log.warning("the node did not take %s: %s", flight.purpose, error)
            if previous is None:
                self._forget(nonce)
            else:
                self._keep(nonce, replace(previous, at=flight.at, block=flight.block))  # which is when it was tried
            return None
        return flight.hash

    def _keep(self, nonce: int, flight: Flight) -> None:
        self.redis.hset(self.name, str(nonce), json.dumps(asdict(flight)))
        self.flying[nonce] = flight

    def _forget(self, nonce: int) -> None:
        self.flying.pop(nonce, None)
        self.redis.hdel(self.name, str(nonce))

    def _nonce(self) -> int:
        nonce = self.sender.count("latest")
        while nonce in self.flying:
            nonce += 1
        return nonce


def _raised(price: int) -> int:
    """A quarter more: nodes want a tenth more of each price to replace a transaction."""
    return max(price * 5 // 4, price + 1)


@dataclass
class Flight:
    """A transaction sent and not yet settled."""

    purpose: str
    data: str
    gas: int
    fee: int
    tip: int
    at: float
    """Wall clock of its last sending."""
    block: int = 0
    """The newest block then."""
    hash: str = ""
