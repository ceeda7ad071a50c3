"""A contract's events: asked for by block numbers, and by hash where a node that lags would leave some out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from web3 import Web3
from web3.contract import Contract
from web3.types import BlockData, LogReceipt

from server.chain.node import log_ranges
from server.model.game import Event

BLOCKS_BY_HASH = 32
"""How many of the newest blocks are asked for by hash. If several nodes share one URL, one that lags may not have them
yet, and would answer a range of block numbers without an error and without their logs."""


@dataclass(frozen=True)
class Block:
    number: int
    hash: str
    parent: str
    time: int
    gas_limit: int = 0


def block_of(data: BlockData) -> Block:
    """A block from a node's answer."""
    return Block(
        number=data["number"],
        hash="0x" + bytes(data["hash"]).hex(),
        parent="0x" + bytes(data["parentHash"]).hex(),
        time=data["timestamp"],
        gas_limit=data["gasLimit"],
    )


class EventLog:
    """The events of one contract. `wanted` says by its arguments which are told, `gas` of which the gas is read."""

    def __init__(
        self,
        w3: Web3,
        contract: Contract,
        wanted: Callable[[dict[str, Any]], bool],
        gas: Callable[[str, dict[str, Any]], bool],
    ) -> None:
        self.w3, self.contract, self.wanted, self.gas = w3, contract, wanted, gas
        self._events = {
            bytes.fromhex(event().topic.removeprefix("0x")): event() for event in cast(Any, contract.events)
        }

    def events(self, first: int, last: int, topics: Sequence[str | None] = ()) -> Iterator[Event]:
        """The events in blocks first..last, in order; `topics` as eth_getLogs takes them."""
        for start, end in log_ranges(first, last):
            yield from self._logs({"fromBlock": start, "toBlock": end}, topics)

    def events_until(self, first: int, last: Block, topics: Sequence[str | None] = ()) -> Iterator[Event]:
        """The same for the chain that ends in `last`, which may be its newest block.

        A node that lags answers a range of numbers with the logs it has, but raises one of `Unreachable` for a hash
        that it does not know. So the last BLOCKS_BY_HASH blocks are asked for by hash.
        """
        newest = [last] if first <= last.number else []
        while newest and newest[-1].number > first and len(newest) < BLOCKS_BY_HASH:
            newest.append(block_of(self.w3.eth.get_block(cast(Any, newest[-1].parent))))
        yield from self.events(first, last.number - len(newest), topics)
        for block in reversed(newest):
            yield from self._logs({"blockHash": block.hash}, topics)

    def _logs(self, where: dict[str, Any], topics: Sequence[str | None]) -> Iterator[Event]:
        asked = {"address": self.contract.address, **where}
        if topics:
            asked["topics"] = list(topics)
        times: dict[int, int] = {}
        for entry in self.w3.eth.get_logs(cast(Any, asked)):
            if event := self._decode(entry, times):
                yield event

    def _decode(self, entry: LogReceipt, times: dict[int, int]) -> Event | None:
        kind = self._events.get(bytes(entry["topics"][0]))
        if kind is None:
            return None
        args = dict(kind.process_log(entry)["args"])
        if not self.wanted(args):
            return None
        number, tx = entry["blockNumber"], "0x" + entry["transactionHash"].hex()
        if number not in times:
            stamp = cast("dict[str, Any]", entry).get("blockTimestamp")
            times[number] = int(stamp, 16) if isinstance(stamp, str) else self.w3.eth.get_block(number)["timestamp"]
        costs = self.gas(kind.event_name, args)
        gas = self.w3.eth.get_transaction_receipt(entry["transactionHash"])["gasUsed"] if costs else 0
        return Event(kind.event_name, args, number, times[number], tx, gas)
