"""Transactions in flight: sent once for each purpose, replaced when they are stuck, remembered in Redis."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Literal, cast

from redis import Redis
from web3.contract.contract import ContractFunction
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import TxReceipt

from server.chain.sender import Draft, Fees, Sender
from server.logline import line
from server.store.names import Names
from server.store.records import Flight, Purpose

log = logging.getLogger(__name__)

STUCK_SECONDS = 45.0
"""Age at which an unmined transaction is replaced by one with higher fees (nonce replacement)."""
MAX_FEE_FACTOR = 4
"""Cap for replacement fees, as a multiple of what a new transaction would offer."""


class Outbox:
    """Transactions of one key to the game contract, at most one in flight for each purpose as far as Redis remembers.

    What is in flight is kept in Redis, so that a restarted process takes it over. A nonce is the lowest that is
    neither mined nor in flight. So a transaction that a node forgot, or a reorganisation dropped, leaves no gap; the
    caller asks for it again. One that Redis forgot is mined or, when fees have risen, replaced. One process at a
    time may use a key (see the relay's lease).
    """

    def __init__(self, sender: Sender, contract: str, redis: Redis, names: Names) -> None:
        self.sender = sender
        self.contract = contract
        self.redis = redis
        self.name = names.sent(sender.address)
        self.flying: dict[int, Flight] = {}
        self._lock = threading.RLock()
        self._mined: int | None = None
        """Transactions of this key that are mined, as of the last `settle`."""
        self._fees: Fees | None = None

    def resume(self) -> None:
        """Takes over what is in flight from the process that held this key before."""
        stored = cast("dict[str, str]", self.redis.hgetall(self.name))
        self.flying = {int(nonce): Flight.model_validate_json(value) for nonce, value in stored.items()}
        self._mined = self._fees = None

    def oldest(self) -> float:
        """The age in seconds of the transaction that waits longest; 0 if none does."""
        return max((time.time() - flight.begun for flight in list(self.flying.values())), default=0.0)

    def send(self, purpose: Purpose, call: ContractFunction, gas: int | None = None) -> str | None:
        """Sends a call that would succeed now; its hash, or None while this purpose is in flight or the node is busy.

        gas: the transaction's limit, of a call that was simulated with it; None: it is estimated here. Threads may call
        this at once. Raises Refused, with the contract's error, for a call that would revert.
        """
        if any(flight.purpose == purpose for flight in list(self.flying.values())):
            return None
        draft = self.sender.draft(call, block="latest" if gas else self._block(), gas=gas)
        with self._lock:
            if any(flight.purpose == purpose for flight in self.flying.values()):
                return None
            if self._fees is None:
                self._fees = self.sender.fees()
            block, fee, tip = self._fees
            now = time.time()
            made = Flight(
                purpose=purpose, data=draft.data, gas=draft.gas, fee=fee, tip=tip, at=now, block=block, begun=now
            )
            nonce = self._nonce()
            flight, raw = self._sign(nonce, made)
            self._keep(nonce, flight)
        return self._submit(nonce, flight, raw, None)

    def _block(self) -> Literal["latest", "pending"]:
        """The block on top of which a call is tried.

        What Redis forgot and the node still has at the next nonce would be replaced, so its effect does not count.
        """
        with self._lock:
            nonce = self._nonce()
        return "latest" if self.sender.count("pending") > nonce else "pending"

    def settle(self) -> list[tuple[Flight, TxReceipt]]:
        """The transactions mined since the last call. Forgets dropped ones and replaces stuck ones."""
        self._mined = self._fees = None
        done = []
        for nonce, flight in sorted(self.flying.items()):
            try:
                receipt = self.sender.w3.eth.get_transaction_receipt(cast(Any, flight.hash))
            except TransactionNotFound:
                self._chase(nonce, flight)
                continue
            self._forget(nonce)
            if not receipt["status"]:
                log.warning(line("transaction_reverted", **_about(flight)))
            done.append((flight, receipt))
        return done

    def _chase(self, nonce: int, flight: Flight) -> None:
        try:
            self.sender.w3.eth.get_transaction(cast(Any, flight.hash))
        except TransactionNotFound:
            log.warning(line("transaction_dropped", **_about(flight)))
            self._forget(nonce)
            return
        if time.time() - flight.at <= STUCK_SECONDS:
            return
        block, fee, tip = self.sender.fees()
        raised = max(fee, _raised(flight.fee))  # which is never below the tip
        if block == flight.block or raised > MAX_FEE_FACTOR * fee:
            return  # no block was made since, or the offer is at its cap: fees are not why it waits
        raised_tip = max(tip, _raised(flight.tip))
        replacement = flight.changed(fee=raised, tip=raised_tip, at=time.time(), block=block)
        signed, raw = self._sign(nonce, replacement)
        self._keep(nonce, signed)
        if self._submit(nonce, signed, raw, flight) is not None:
            log.info(line("transaction_replaced", **_about(self.flying[nonce]), replaced=flight.hash, fee=raised))

    def _sign(self, nonce: int, flight: Flight) -> tuple[Flight, bytes]:
        draft = Draft(self.contract, flight.data, 0, flight.gas)
        signed = self.sender.sign(draft, nonce, Fees(flight.block, flight.fee, flight.tip))
        return flight.changed(hash="0x" + signed.hash.hex()), signed.raw

    def _submit(self, nonce: int, flight: Flight, raw: bytes, previous: Flight | None) -> str | None:
        """Sends what is kept already; a fault of the node leaves it in flight, as the node may have it."""
        try:
            self.sender.w3.eth.send_raw_transaction(cast(Any, raw))
        except Web3RPCError as error:
            if "already known" in str(error) or "already imported" in str(error):  # another node passed it on
                return flight.hash
            log.warning(line("transaction_refused_by_node", **_about(flight), error=error))
            self._mined = self._fees = None
            if previous is None:
                self._forget(nonce)
            else:
                self._keep(nonce, previous.changed(at=flight.at, block=flight.block))  # the time of this try
            return None
        return flight.hash

    def _keep(self, nonce: int, flight: Flight) -> None:
        self.redis.hset(self.name, str(nonce), flight.dump())
        self.flying[nonce] = flight

    def _forget(self, nonce: int) -> None:
        self.flying.pop(nonce, None)
        self.redis.hdel(self.name, str(nonce))

    def _nonce(self) -> int:
        if self._mined is None:
            self._mined = self.sender.count("latest")
        nonce = self._mined
        while nonce in self.flying:
            nonce += 1
        return nonce


def _raised(price: int) -> int:
    """A quarter more. Nodes ask for at least a tenth more on both prices to replace a transaction."""
    return max(price * 5 // 4, price + 1)


def _about(flight: Flight) -> dict[str, object]:
    """The fields of log lines about a transaction."""
    purpose = flight.purpose
    return {"purpose": purpose.kind, "game": purpose.game, "ply": purpose.ply, "tx": flight.hash}
