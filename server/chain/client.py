"""The chain: reading the game contract, its events, and sending transactions from one key."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

import requests
from eth_account import Account
from redis import Redis
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.types import BlockData, LogReceipt, TxParams, TxReceipt

from server.chain.deploy import abi
from server.model.game import Event
from server.model.position import Position
from server.settings import Settings, SettingsError
from server.store.keys import Keys

log = logging.getLogger(__name__)

LOBBY, DRAWN, VOTE, PROVE, OVER = range(1, 6)
"""States, as numbered in `IGame.sol`."""
GAS_LIMIT = 16_000_000
"""What one transaction may use, with a little room below EIP-7825's 2^24."""
LOG_RANGE = 5_000
"""Blocks asked for at once; public nodes answer no more."""
FRESH = 32
"""The newest blocks: of several nodes behind one address, one that lags may not have them."""
STUCK = 45.0
"""Seconds after which an unmined transaction is sent again with higher fees."""
DEAREST = 4
"""A transaction sent again offers at most so many times what a new one would."""

Unreachable = (requests.RequestException, Web3Exception, OSError)
"""What a node that is down, or answers nonsense, raises."""


class Refused(Exception):  # noqa: N818
    """The contract would revert this call."""


@dataclass(frozen=True)
class Block:
    number: int
    hash: str
    parent: str
    time: int


@dataclass(frozen=True)
class Summary:
    """What a relay or a worker needs of `IGame.Summary`."""

    state: int
    position: Position
    repeated: bool
    deadline: int
    decidable_at: int
    draw_block: int
    world_pool: int


class Chain:
    """The game contract on its chain. Methods raise one of `Unreachable` when the node does not answer."""

    def __init__(self, rpc_url: str, contract: str, chain_id: int) -> None:
        self.w3 = Web3(HTTPProvider(rpc_url, request_kwargs={"timeout": 20}, exception_retry_configuration=None))
        self.chain_id = chain_id
        self.contract: Contract = self.w3.eth.contract(Web3.to_checksum_address(contract), abi=abi())
        self._events = {
            bytes.fromhex(event().topic.removeprefix("0x")): event() for event in _elements(self.contract.events)
        }
        self.errors: dict[bytes, str] = {
            bytes(Web3.keccak(text=_signature(entry))[:4]): entry["name"] for entry in abi() if entry["type"] == "error"
        }
        """Names of the contract's own errors, by selector."""

    @classmethod
    def connect(cls, settings: Settings) -> Chain:
        """The contract of the settings. Raises SettingsError for another chain or an address without code."""
        chain = cls(settings.rpc_url, settings.contract, settings.chain_id)
        try:
            chain_id, code = chain.w3.eth.chain_id, chain.w3.eth.get_code(chain.contract.address)
        except Unreachable as error:
            raise SettingsError(f"RPC_URL: no chain answers at {settings.rpc_url} ({type(error).__name__})") from None
        if chain_id != settings.chain_id:
            raise SettingsError(f"CHAIN_ID: {settings.chain_id}, but RPC_URL is chain {chain_id}")
        if not code:
            raise SettingsError(f"CONTRACT: there is no contract at {settings.contract} on this chain")
        return chain

    def head(self) -> Block:
        return _block(self.w3.eth.get_block("latest"))

    def block(self, number: int) -> Block | None:
        """The block of this number on the present chain, if it is that long."""
        try:
            return _block(self.w3.eth.get_block(number))
        except BlockNotFound:
            return None

    def extends(self, number: int, digest: str, head: Block) -> bool:
        """Whether the chain that ends in `head` holds the block of this number and hash.

        Raises BlockNotFound when a node is asked that has not come so far.
        """
        if head.number <= number:
            return head.number == number and head.hash == digest
        if head.number == number + 1:
            return head.parent == digest
        return _block(self.w3.eth.get_block(number)).hash == digest

    def summary(self, game: int) -> Summary:
        """The game as it stands. One that does not exist is in state 0, and all else of it is zero too."""
        value = self.contract.functions.summary(game).call()
        fields = [component["name"] for component in self._output("summary")["components"]]
        named = dict(zip(fields, value, strict=True))
        return Summary(
            state=named["state"],
            position=Position(*named["position"]),
            repeated=named["repeated"],
            deadline=named["deadline"],
            decidable_at=named["decidableAt"],
            draw_block=named["drawBlock"],
            world_pool=named["worldPool"],
        )

    def events(self, first: int, last: int, game: int | None = None) -> Iterator[Event]:
        """The contract's events in blocks first..last, in order; of one game, or of all."""
        for start in range(first, last + 1, LOG_RANGE):
            yield from self._logs({"fromBlock": start, "toBlock": min(start + LOG_RANGE - 1, last)}, game)

    def events_until(self, first: int, last: Block, game: int | None = None) -> Iterator[Event]:
        """The same for the chain that ends in `last`, which may be its newest block.

        A node that lags answers a range with what it has; asked for a block by its hash, it answers that it has none
        (one of `Unreachable`). So the last FRESH blocks are asked for by hash.
        """
        fresh = [last] if first <= last.number else []
        while fresh and fresh[-1].number > first and len(fresh) < FRESH:
            fresh.append(_block(self.w3.eth.get_block(cast(Any, fresh[-1].parent))))
        yield from self.events(first, last.number - len(fresh), game)
        for block in reversed(fresh):
            yield from self._logs({"blockHash": block.hash}, game)

    def _logs(self, where: dict[str, Any], game: int | None) -> Iterator[Event]:
        asked = {"address": self.contract.address, **where}
        if game is not None:
            asked["topics"] = [None, "0x" + game.to_bytes(32, "big").hex()]
        times: dict[int, int] = {}
        for entry in self.w3.eth.get_logs(cast(Any, asked)):
            if event := self._decode(entry, times):
                yield event

    def _decode(self, entry: LogReceipt, times: dict[int, int]) -> Event | None:
        kind = self._events.get(bytes(entry["topics"][0]))
        if kind is None:
            return None
        args = dict(kind.process_log(entry)["args"])
        if "game" not in args:
            return None
        number, tx = entry["blockNumber"], "0x" + entry["transactionHash"].hex()
        if number not in times:
            stamp = cast("dict[str, Any]", entry).get("blockTimestamp")
            times[number] = int(stamp, 16) if isinstance(stamp, str) else self.w3.eth.get_block(number)["timestamp"]
        proven = kind.event_name == "Moved" and int(args["payee"], 16) != 0
        gas = self.w3.eth.get_transaction_receipt(entry["transactionHash"])["gasUsed"] if proven else 0
        return Event(kind.event_name, args, number, times[number], tx, gas)

    def reason(self, error: Exception) -> str:
        """Why a call reverted, by the name of the contract's error."""
        data = getattr(error, "data", None)
        if isinstance(data, str) and data.startswith("0x") and len(data) >= 10:
            return self.errors.get(bytes.fromhex(data[2:10]), data[:74])
        return str(error)

    def _output(self, function: str) -> dict[str, Any]:
        entries = (entry for entry in abi() if entry["type"] == "function" and entry["name"] == function)
        return cast("dict[str, Any]", next(entries)["outputs"][0])


class Sender:
    """Transactions from one key, at most one in flight for each purpose as far as Redis remembers.

    What is in flight is kept in Redis, so that a restarted process goes on with it. A nonce is the lowest that is
    neither mined nor in flight: a transaction that a node forgot, or a reorganisation dropped, leaves no gap, and
    whoever wanted it asks again. One that Redis forgot is mined or, when fees have risen, replaced. One process at a
    time may use a key (see the relay's lease).
    """

    def __init__(self, chain: Chain, key: str, redis: Redis, keys: Keys) -> None:
        self.chain = chain
        self.account = Account.from_key(key)
        self.redis = redis
        self.name = keys.sent(self.account.address)
        self.flying: dict[int, Flight] = {}

    def resume(self) -> None:
        """Takes over what is in flight from the process that held this key before."""
        stored = cast("dict[str, str]", self.redis.hgetall(self.name))
        self.flying = {int(nonce): Flight(**json.loads(value)) for nonce, value in stored.items()}

    def balance(self) -> int:
        return self.chain.w3.eth.get_balance(self.account.address)

    def send(self, purpose: str, call: ContractFunction) -> str | None:
        """Sends a call that would succeed now; its hash, or None while this purpose is in flight or the node is busy.

        Raises Refused, with the contract's error, for a call that would revert.
        """
        if any(flight.purpose == purpose for flight in self.flying.values()):
            return None
        nonce = self._nonce()
        # What Redis forgot and the node still has at this nonce would be replaced, so its effect does not count.
        forgotten = self._count("pending") > nonce
        try:
            asked: TxParams = {"from": self.account.address}
            estimate = call.estimate_gas(asked, "latest" if forgotten else "pending")
        except ContractLogicError as error:
            raise Refused(self.chain.reason(error)) from None
        gas = min(estimate * 5 // 4 + 10_000, GAS_LIMIT)
        data = call._encode_transaction_data()
        block, fee, tip = self._fees()
        return self._submit(nonce, Flight(purpose, data, gas, fee, tip, time.time(), block))

    def settle(self) -> list[tuple[Flight, TxReceipt]]:
        """What was mined since the last call. Forgets what was dropped, sends again what is stuck."""
        done = []
        for nonce, flight in sorted(self.flying.items()):
            try:
                receipt = self.chain.w3.eth.get_transaction_receipt(cast(Any, flight.hash))
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
            self.chain.w3.eth.get_transaction(cast(Any, flight.hash))
        except TransactionNotFound:
            log.warning("transaction %s (%s) was dropped", flight.hash, flight.purpose)
            self._forget(nonce)
            return
        if time.time() - flight.at <= STUCK:
            return
        block, fee, tip = self._fees()
        raised = max(fee, _raised(flight.fee))  # at least the tip
        if block == flight.block or raised > DEAREST * fee:
            return  # fees are not why it waits
        tip = max(tip, _raised(flight.tip))
        again = Flight(flight.purpose, flight.data, flight.gas, raised, tip, time.time(), block)
        self._submit(nonce, again)

    def _submit(self, nonce: int, flight: Flight) -> str | None:
        signed = self.account.sign_transaction(
            {
                "chainId": self.chain.chain_id,
                "nonce": nonce,
                "to": self.chain.contract.address,
                "data": flight.data,
                "value": 0,
                "gas": flight.gas,
                "maxFeePerGas": flight.fee,
                "maxPriorityFeePerGas": flight.tip,
            }
        )
        flight.hash = "0x" + bytes(signed.hash).hex()
        previous = self.flying.get(nonce)
        self._keep(nonce, flight)
        try:
            self.chain.w3.eth.send_raw_transaction(signed.raw_transaction)
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
        nonce = self._count("latest")
        while nonce in self.flying:
            nonce += 1
        return nonce

    def _count(self, state: Literal["latest", "pending"]) -> int:
        """Transactions of this key so far."""
        return int(self.chain.w3.eth.get_transaction_count(self.account.address, state))

    def _fees(self) -> tuple[int, int, int]:
        """The newest block, and the highest fee and the tip to offer, per gas: room for base fee to double."""
        latest = self.chain.w3.eth.get_block("latest")
        tip = self.chain.w3.eth.max_priority_fee
        return latest["number"], 2 * latest.get("baseFeePerGas", 0) + tip, tip


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


def _block(data: BlockData) -> Block:
    return Block(
        data["number"], "0x" + bytes(data["hash"]).hex(), "0x" + bytes(data["parentHash"]).hex(), data["timestamp"]
    )


def _elements(events: Any) -> list[Any]:
    return [getattr(events, entry["name"]) for entry in abi() if entry["type"] == "event"]


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(_type(part) for part in entry['inputs'])})"


def _type(part: dict[str, Any]) -> str:
    if not part["type"].startswith("tuple"):
        return str(part["type"])
    return "(" + ",".join(_type(inner) for inner in part["components"]) + ")" + str(part["type"][5:])
