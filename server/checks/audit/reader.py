"""Reads from nodes what a record holds, with proofs that tie it to one block. `tied` checks them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Any, TypeVar

import rlp
from eth_hash.auto import keccak

from engine.console import Bar
from server.chain.node import log_ranges
from server.checks.audit import history, tries
from server.checks.audit.encoding import (
    UnknownFormError,
    created_address,
    decode_transaction,
    encode_header,
    encode_receipt,
    encode_transaction,
)
from server.checks.audit.node import Node, NodeError
from server.checks.audit.record import VERSION, Record
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


class DisagreementError(Exception):
    """Two nodes contradict each other: at least one of them is wrong."""


@contextlib.contextmanager
def answers() -> Iterator[None]:
    """Turns what an answer that is not one makes fail into a NodeError."""
    try:
        yield
    except SettingsError:
        raise
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, rlp.exceptions.RLPException) as error:
        raise NodeError(f"the node's answer has not the form of JSON-RPC ({type(error).__name__}: {error})") from None


class Reader:
    """What is asked about a contract as of one block, the anchor, so that nothing is asked twice.

    Raises NodeError if a node does not answer as it should, DisagreementError if nodes contradict each other.
    """

    def __init__(
        self, nodes: Sequence[Node], contract: str, start: int, anchor: str | None = None, show: bool = False
    ) -> None:
        self.node, self.contract, self.start = nodes[0], contract, start
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

    def tied_record(self, **parts: Any) -> Record:
        """A record with these parts, and all that ties the blocks read until now to the anchor."""
        self.tie()
        return {
            "version": VERSION,
            "chainId": self.chain_id,
            "contract": self.contract,
            "anchor": self.anchor["hash"],
            **parts,
            "headers": {str(number): "0x" + raw.hex() for number, raw in sorted(self.headers.items())},
            "history": self.history,
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

    # ------------------------------------------------------------------------------------- logs and transactions

    def logs(self, names: list[str], subjects: list[str] | None) -> list[Any]:
        """Logs of some events about some subjects, their first indexed argument; of all for None."""
        found: list[Any] = []
        if subjects == []:
            return found
        for start, end in log_ranges(self.start, self.number):
            question = {
                "address": self.contract,
                "fromBlock": hex(start),
                "toBlock": hex(end),
                "topics": [names] if subjects is None else [names, subjects],
            }
            found += self.node.need("eth_getLogs", question)
        return found

    def transactions(self, logs: Iterable[Any]) -> Iterator[tuple[Record, bytes, bytes]]:
        """The transactions that emitted the logs, in order: as an entry of the record and as RLP, with its receipt."""
        places = sorted({(int(log["blockNumber"], 16), int(log["transactionIndex"], 16)) for log in logs})
        for number, index in self.shown(places, len(places), "transactions"):
            raw, proofs = self.items(number)
            entry: Record = {
                "block": number,
                "index": index,
                "transaction": _proven(raw["transactions"][index], proofs["transactions"], index),
                "receipt": _proven(raw["receipts"][index], proofs["receipts"], index),
            }
            yield entry, raw["transactions"][index], raw["receipts"][index]

    def items(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """A block's transactions and receipts as RLP (None: of unknown form), and proofs of them."""
        if number not in self.blocks:
            block = self.node.need("eth_getBlockByNumber", hex(number), True)
            self.headers.setdefault(number, encode_header(block))
            receipts = self._receipts(block)
            raw = {
                "transactions": [_encoded(encode_transaction, transaction) for transaction in block["transactions"]],
                "receipts": [_encoded(encode_receipt, receipt) for receipt in receipts],
            }
            complete = all(item is not None for items in raw.values() for item in items)
            proofs: dict[str, Any] = {
                name: tries.proofs([item for item in items if item is not None], range(len(items))) if complete else {}
                for name, items in raw.items()
            }
            self.blocks = {number: (raw, proofs)}  # logs come in order: one block at a time is enough
        kept: tuple[dict[str, Any], dict[str, Any]] = self.blocks[number]
        return kept

    def _receipts(self, block: Any) -> list[Any]:
        with contextlib.suppress(NodeError):
            receipts = self.node.need("eth_getBlockReceipts", block["number"])
            return list(receipts)
        hashes = [[transaction["hash"]] for transaction in block["transactions"]]
        return list(self.node.ask_many("eth_getTransactionReceipt", hashes))

    # -------------------------------------------------------------------------------------------------------- creation

    def creation(self) -> Record | None:
        """The transaction that created the contract; None if the node forgot it, or another contract did it."""

        def created_in(number: int) -> Record | None:
            raw, proven = self.items(number)
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

    def header(self, number: int) -> None:
        if number not in self.headers:
            self.headers[number] = encode_header(self.node.need("eth_getBlockByNumber", hex(number), False))

    def tie(self) -> None:
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
                self.header(number)
            keys = [f"0x{history.slot(number):064x}" for number in numbers]
            proof, told = self.proof(history.ADDRESS, keys, top)
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
        for number, block in self.shown(zip(wanted, blocks, strict=True), len(wanted), "headers"):
            self.headers[number] = encode_header(block)

    def shown(self, items: Iterable[Item], total: int, unit: str) -> Iterator[Item]:
        """The items, with a bar that shows how many are done."""
        if not self.show:
            yield from items
            return
        with Bar("audit", total, unit, every=5) as bar:
            for item in items:
                yield item
                bar.advance()

    # ----------------------------------------------------------------------------------------------------------- state

    def state(self, addresses: Iterable[str], slots: Iterable[int]) -> tuple[Record, Record | None]:
        """Accounts, and words of the contract's storage, with proofs against the anchor's state."""
        at = hex(self.number)
        accounts: Record = {}
        for address in dict.fromkeys(addresses):
            code = self.node.need("eth_getCode", address, at)
            proof = None
            with contextlib.suppress(NodeError):
                proof = self.node.need("eth_getProof", address, [], at)["accountProof"]
            accounts[address] = {"code": code, "proof": proof}
        try:
            keys = [f"0x{slot:064x}" for slot in sorted(set(slots))]
            _, told = self.proof(self.contract, keys, self.number)
            storage = {key: part["proof"] for key, part in zip(keys, told, strict=True)}
        except NodeError as error:
            storage = None
            self.missing.append(f"the contract's storage in block {self.number}: the node makes no proof ({error})")
        return accounts, storage

    def proof(self, address: str, keys: Sequence[str], number: int) -> tuple[list[str], list[Any]]:
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
