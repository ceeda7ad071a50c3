"""Asks nodes for everything that an audit reads, and makes one record of it. `evidence` checks the record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any, TypeVar

import rlp
from eth_hash.auto import keccak
from hexbytes import HexBytes
from web3 import Web3

from engine.console import Bar
from server.chain.node import log_ranges
from server.checks.audit import events, history, tries
from server.checks.audit.encoding import (
    Log,
    Receipt,
    Transaction,
    UnknownFormError,
    created_address,
    decode_receipt,
    decode_transaction,
    encode_header,
    encode_receipt,
    encode_transaction,
)
from server.checks.audit.events import Event
from server.checks.audit.evidence import CREATED
from server.checks.audit.layout import Layout
from server.checks.audit.node import Node, NodeError
from server.checks.audit.record import VERSION, Record
from server.checks.audit.state import references
from server.settings import LOCAL_CHAINS, SettingsError

SLOT_RANGE = 100
"""Storage slots asked for at once."""
REACH = history.WINDOW
"""How many blocks the audit goes back at a step."""
WALK = 256
"""Blocks up to so far from the anchor are tied to it header by header."""
MAX_HEADERS = 500_000
"""Most headers that are read to tie a block to the anchor: some hundred bytes each."""
Item = TypeVar("Item")


def fetch(
    nodes: Sequence[Node],
    contract: str,
    game: int,
    start_block: int,
    anchor: str | None = None,
    show: bool = False,
) -> Record:
    """A record of the game, read from the first node. `show`: the progress of what takes long, on stderr.

    `anchor` is the hash of the newest block to look at. Without it, all nodes must agree on a finalized one (on local
    chains: the newest). Raises SettingsError if there is no such game, NodeError if a node does not answer as it
    should, DisagreementError if nodes contradict each other.
    """
    try:
        return _Fetcher(nodes, Web3.to_checksum_address(contract), game, start_block, anchor, show).record()
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, rlp.exceptions.RLPException) as error:
        if isinstance(error, SettingsError):
            raise
        raise NodeError(f"the node's answer has not the form of JSON-RPC ({type(error).__name__}: {error})") from None


class DisagreementError(Exception):
    """Two nodes contradict each other: at least one of them is wrong."""


class _Fetcher:
    """One fetch: what was asked, so that nothing is asked twice."""

    def __init__(
        self, nodes: Sequence[Node], contract: str, game: int, start: int, anchor: str | None, show: bool
    ) -> None:
        self.node, self.contract, self.game, self.start = nodes[0], contract, game, start
        self.show = show
        chain_ids = {int(node.need("eth_chainId"), 16) for node in nodes}
        if len(chain_ids) > 1:
            raise DisagreementError(f"the nodes are of several chains: {', '.join(map(str, sorted(chain_ids)))}")
        self.chain_id = chain_ids.pop()
        self.anchor = self._given(anchor) if anchor is not None else self._agreed(nodes)
        self.number = int(self.anchor["number"], 16)
        self.blocks: dict[int, Any] = {}
        self.headers = {self.number: encode_header(self.anchor)}
        self.history: list[Record] = []
        self.missing: list[str] = []

    def record(self) -> Record:
        logs = self._game_logs()
        transactions = self._transactions(logs)
        found = [event for entry in transactions for event in entry.pop("events")]
        creation = self._creation()
        for event in found:
            if event.name == "DrawFixed" and event.args["drawBlock"] <= self.number:
                self._header(event.args["drawBlock"])
        self._tie()
        accounts, storage = self._state(found)
        return {
            "version": VERSION,
            "chainId": self.chain_id,
            "contract": self.contract,
            "game": self.game,
            "anchor": self.anchor["hash"],
            "headers": {str(number): "0x" + raw.hex() for number, raw in sorted(self.headers.items())},
            "history": self.history,
            "transactions": transactions,
            "creation": creation,
            "accounts": accounts,
            "storage": storage,
            "missing": self.missing,
        }

    # ---------------------------------------------------------------------------------------------------------- anchor

    def _given(self, digest: str) -> Any:
        block = self.node.ask("eth_getBlockByHash", digest, False)
        if block is None:
            raise SettingsError(f"--block: the node knows no block {digest}")
        return {**block, "hash": digest}  # the header must have this hash, whatever the node says

    def _agreed(self, nodes: Sequence[Node]) -> Any:
        """The newest final block of all nodes, on which they must agree."""
        tag = "latest" if self.chain_id in LOCAL_CHAINS else "finalized"
        number = min(int(node.need("eth_getBlockByNumber", tag, False)["number"], 16) for node in nodes)
        blocks = [node.need("eth_getBlockByNumber", hex(number), False) for node in nodes]
        if len({block["hash"] for block in blocks}) > 1:
            told = ", ".join(str(block["hash"]) for block in blocks)
            raise DisagreementError(f"the nodes disagree about block {number}: {told}")
        return blocks[0]

    # ------------------------------------------------------------------------------------------------------------ logs

    def _game_logs(self) -> list[Any]:
        topics = events.topics()
        apart = (*events.REGISTRY, *events.PERSONAL)
        number = events.topic_of(self.game)
        own = self._logs([topic for name, topic in topics.items() if name not in apart], [number])
        created = next((log for log in own if log["topics"][0] == topics["GameCreated"]), None)
        if created is None:
            raise SettingsError(
                f"there is no game {self.game} at {self.contract} from block {self.start} to {self.number} "
                "(CONTRACT, START_BLOCK)"
            )
        decoded = events.decode(_log(created))
        assert decoded is not None
        self.terms = decoded[1]["terms"]
        accounts = sorted({log["topics"][2] for log in own if log["topics"][0] == topics["Claimed"]})
        return (
            self._logs([topics["ModelAdded"]], [events.topic_of(self.terms["model"])])
            + self._logs([topics["BookAdded"]], [events.topic_of(self.terms["book"])])
            + self._logs([topics[name] for name in events.PERSONAL], accounts)
            + own
        )

    def _logs(self, names: list[str], subjects: list[str]) -> list[Any]:
        """Logs of some events about some subjects: a game, or accounts."""
        found: list[Any] = []
        if not subjects:
            return found
        for start, end in log_ranges(self.start, self.number):
            question = {
                "address": self.contract,
                "fromBlock": hex(start),
                "toBlock": hex(end),
                "topics": [names, subjects],
            }
            found += self.node.need("eth_getLogs", question)
        return found

    # ---------------------------------------------------------------------------------------------------- transactions

    def _transactions(self, logs: Iterable[Any]) -> list[Record]:
        """The transactions that emitted the logs, in the chain's order, with proofs, calls and decoded events."""
        places = sorted({(int(log["blockNumber"], 16), int(log["transactionIndex"], 16)) for log in logs})
        found = []
        for number, index in self._shown(places, len(places), "transactions"):
            raw, proven = self._items(number)
            entry: Record = {
                "block": number,
                "index": index,
                "transaction": _proven(raw["transactions"][index], proven["transactions"], index),
                "receipt": _proven(raw["receipts"][index], proven["receipts"], index),
            }
            transaction, receipt = (
                decode_transaction(raw["transactions"][index]),
                decode_receipt(raw["receipts"][index]),
            )
            entry["calls"], entry["events"] = self._calls(transaction, receipt)
            found.append(entry)
        return found

    def _items(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """A block's transactions and receipts as RLP (None: of unknown form), and a function that proves one."""
        if number not in self.blocks:
            block = self.node.need("eth_getBlockByNumber", hex(number), True)
            self.headers.setdefault(number, encode_header(block))
            receipts = self._receipts(block)
            raw = {
                "transactions": [_encoded(encode_transaction, transaction) for transaction in block["transactions"]],
                "receipts": [_encoded(encode_receipt, receipt) for receipt in receipts],
            }
            complete = all(item is not None for items in raw.values() for item in items)
            proven: dict[str, Any] = {
                name: tries.proofs([item for item in items if item is not None], range(len(items))) if complete else {}
                for name, items in raw.items()
            }
            self.blocks = {number: (raw, proven)}  # logs come in order: one block at a time is enough
        kept: tuple[dict[str, Any], dict[str, Any]] = self.blocks[number]
        return kept

    def _receipts(self, block: Any) -> list[Any]:
        with contextlib.suppress(NodeError):
            receipts = self.node.need("eth_getBlockReceipts", block["number"])
            return list(receipts)
        hashes = [[transaction["hash"]] for transaction in block["transactions"]]
        return list(self.node.ask_many("eth_getTransactionReceipt", hashes))

    def _calls(self, transaction: Transaction, receipt: Receipt) -> tuple[Record, list[Event]]:
        """What traces say of the calls within a transaction, by the log's position; and the game's events in it."""
        calls, found, trace = {}, [], None
        for position, log in enumerate(receipt.logs):
            if not events.ours(log, self.contract, self.game, self.terms["model"], self.terms["book"]):
                continue
            decoded = events.decode(log)
            assert decoded is not None
            found.append(Event(*decoded, block=0, time=0))
            before = events.logs_before(receipt.logs, position, self.contract)
            if events.direct_call(transaction, self.contract, decoded[0], before) is None:
                trace = self._trace(transaction) if trace is None else trace
                if (call := _inner_call(trace, self.contract, log)) is not None:
                    calls[str(position)] = call
        return calls, found

    def _trace(self, transaction: Transaction) -> Any:
        options = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
        try:
            return self.node.ask("debug_traceTransaction", "0x" + transaction.hash.hex(), options) or {}
        except NodeError:  # not offered, or nested too deep to be read
            return {}

    # -------------------------------------------------------------------------------------------------------- creation

    def _creation(self) -> Record | None:
        """The transaction that created the contract; None if the node forgot it, or another contract did it."""

        def created_in(number: int) -> Record | None:
            raw, proven = self._items(number)
            for index, encoded in enumerate(raw["transactions"]):
                made = None if encoded is None else decode_transaction(encoded)
                if made is not None and made.to is None and created_address(made.sender, made.nonce) == self.contract:
                    transaction = _proven(encoded, proven["transactions"], index)
                    return {"block": number, "index": index, "transaction": transaction}
            return None

        try:
            if found := created_in(self.start):  # as a deployment's record says
                return found
            low, high = self.start, self.number
            while low < high:
                middle = (low + high) // 2
                if len(self.node.need("eth_getCode", self.contract, hex(middle))) > 2:
                    high = middle
                else:
                    low = middle + 1
            return created_in(low)
        except NodeError:
            return None

    # --------------------------------------------------------------------------------------------------------- headers

    def _header(self, number: int) -> None:
        if number not in self.headers:
            self.headers[number] = encode_header(self.node.need("eth_getBlockByNumber", hex(number), False))

    def _tie(self) -> None:
        """What shows that the blocks that matter are ancestors of the anchor: their hashes in its state, or headers."""
        needed, reached = set(self.headers) - {self.number}, self.number
        while needed and reached - min(needed) > WALK:
            reached_before, reached = reached, self._jump(reached, needed)
            if reached == reached_before:
                break
            needed = {number for number in needed if number < reached}
        if needed:
            self._walk(reached, min(needed))

    def _jump(self, top: int, needed: Set[int]) -> int:
        """Has the state of block `top` show the hashes of needed blocks before it (EIP-2935), and of the oldest that
        it holds. Returns how far down that came: `top` itself if the node or the chain does not do it."""
        low = max(top - REACH, min(needed))
        numbers = sorted({number for number in needed if low <= number < top} | {low})
        try:
            for number in numbers:
                self._header(number)
            keys = [f"0x{history.slot(number):064x}" for number in numbers]
            proof, told = self._proof(history.ADDRESS, keys, top)
        except NodeError:
            return top
        hashes = {number: int.from_bytes(keccak(self.headers[number]), "big") for number in numbers}
        if any(int(part["value"], 16) != hashes[number] for number, part in zip(numbers, told, strict=True)):
            return top
        storage = {str(number): part["proof"] for number, part in zip(numbers, told, strict=True)}
        self.history.append({"block": top, "account": proof, "storage": storage})
        return low

    def _walk(self, top: int, first: int) -> None:
        """All headers from a block back to the first that matters."""
        if top - first > MAX_HEADERS:
            self.missing.append(
                f"the headers of {top - first} blocks, from the game's to the anchor: over {MAX_HEADERS}"
            )
            return
        wanted = [number for number in range(top - 1, first, -1) if number not in self.headers]
        blocks = self.node.ask_many("eth_getBlockByNumber", [[hex(number), False] for number in wanted])
        for number, block in self._shown(zip(wanted, blocks, strict=True), len(wanted), "headers"):
            self.headers[number] = encode_header(block)

    def _shown(self, items: Iterable[Item], total: int, unit: str) -> Iterator[Item]:
        """The items, with a bar that shows how many are done."""
        if not self.show:
            yield from items
            return
        with Bar("audit", total, unit, every=5) as bar:
            for item in items:
                yield item
                bar.advance()

    # ----------------------------------------------------------------------------------------------------------- state

    def _state(self, found: Sequence[Event]) -> tuple[Record, Record | None]:
        """The accounts that the game relies on, and the contract's storage, with proofs against the anchor's state."""
        layout, at = Layout.of_game(), hex(self.number)
        slots = sorted({slot for reference in references(self.game, found) for slot in layout.slots(*reference)})
        created = [created_address(self.contract, nonce) for nonce in range(1, len(CREATED) + 1)]
        addresses = [self.contract, *created]
        addresses += [event.args[name] for event in found for name in ("verifier", "pointer") if name in event.args]
        accounts: Record = {}
        for address in dict.fromkeys(addresses):
            code = self.node.need("eth_getCode", address, at)
            proof = None
            with contextlib.suppress(NodeError):
                proof = self.node.need("eth_getProof", address, [], at)["accountProof"]
            accounts[address] = {"code": code, "proof": proof}
        try:
            keys = [f"0x{slot:064x}" for slot in slots]
            _, told = self._proof(self.contract, keys, self.number)
            storage = {key: part["proof"] for key, part in zip(keys, told, strict=True)}
        except NodeError as error:
            storage = None
            self.missing.append(f"the contract's storage in block {self.number}: the node makes no proof ({error})")
        return accounts, storage

    def _proof(self, address: str, keys: Sequence[str], number: int) -> tuple[list[str], list[Any]]:
        """An account in the state of a block, and slots of its storage: proof, and one answer a slot."""
        told: list[Any] = []
        for start in range(0, len(keys), SLOT_RANGE):
            answer = self.node.need("eth_getProof", address, list(keys[start : start + SLOT_RANGE]), hex(number))
            told += answer["storageProof"]
        return answer["accountProof"], told


def _encoded(encode: Callable[[Any], bytes], source: Any) -> bytes | None:
    try:
        return encode(source)
    except UnknownFormError:
        return None


def _proven(raw: bytes | None, proofs: dict[int, list[bytes]], index: int) -> Record:
    if raw is None:
        raise NodeError("a transaction of the game has an unknown form")
    return {"raw": "0x" + raw.hex(), "proof": tries.hex_nodes(proofs[index]) if index in proofs else None}


def _log(source: Any) -> Log:
    """A log from its JSON."""
    topics = tuple(bytes(HexBytes(topic)) for topic in source["topics"])
    return Log(Web3.to_checksum_address(source["address"]), topics, bytes(HexBytes(source["data"])))


def _inner_call(trace: Any, contract: str, log: Log) -> Record | None:
    """Finds in a trace the call of the contract that emitted a log."""
    frames: list[Any] = [trace]
    while frames:
        frame = frames.pop()
        if "error" in frame:  # reverted, with all that is in it
            continue
        to_contract = frame.get("type") == "CALL" and HexBytes(frame["to"]) == HexBytes(contract)
        if to_contract and any(_log(inner) == log for inner in frame.get("logs", ())):
            sender = Web3.to_checksum_address(frame["from"])
            return {"from": sender, "value": int(frame.get("value", "0x0"), 16), "input": frame["input"]}
        frames += frame.get("calls", ())
    return None
