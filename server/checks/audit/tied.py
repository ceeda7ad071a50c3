"""What a record ties to one block hash, the anchor's, and what it does not.

Headers are tied by their parents' hashes or by the hashes that a later state holds, transactions and receipts by their
header's roots, accounts and storage by the anchor's state root, code by its account. What is not tied to the anchor is
listed as unchecked; what contradicts it is a finding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Set
from typing import Any

import rlp
from eth_hash.auto import keccak

from server.chain.contracts import artifact
from server.checks.audit import history, tries
from server.checks.audit.encoding import (
    Header,
    Receipt,
    Transaction,
    UnknownFormError,
    created_address,
    decode_header,
    decode_receipt,
    decode_transaction,
)
from server.checks.audit.record import Record
from server.checks.audit.tries import BadProofError


class FindingError(Exception):
    """Something is not as the rules say."""


def expect(condition: bool, complaint: str) -> None:
    """Raises FindingError unless the condition holds."""
    if not condition:
        raise FindingError(complaint)


@contextlib.contextmanager
def findings() -> Iterator[None]:
    """Turns what a record that is not one makes fail into a FindingError."""
    try:
        yield
    except (BadProofError, UnknownFormError) as error:
        raise FindingError(str(error)) from None
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, rlp.exceptions.RLPException) as error:
        raise FindingError(f"the record has not the form of one ({type(error).__name__}: {error})") from None


class Tied:
    """A record's headers, and what hangs on them. All methods raise FindingError for what contradicts another.

    `anchor` is the newest block's hash from a source of the auditor's own choice; without it the record's own is taken.
    """

    def __init__(self, record: Record, anchor: str | None) -> None:
        self.record, self.unchecked = record, list(map(str, record["missing"]))
        self.contract = str(record["contract"])
        raw = {int(number): bytes.fromhex(header[2:]) for number, header in record["headers"].items()}
        self.headers = {number: decode_header(header) for number, header in raw.items()}
        wrong = next((number for number, header in self.headers.items() if header.number != number), None)
        expect(wrong is None, f"the header given for block {wrong} is of another block")
        digest = bytes.fromhex((anchor or record["anchor"]).removeprefix("0x"))
        found = next((header for header in self.headers.values() if header.hash == digest), None)
        if found is None:
            raise FindingError(f"no header has the hash 0x{digest.hex()}: the block is not what it is said to be")
        self.loose: set[int] = set()
        self.anchor, self.tied = found, self._tied(found)

    def _tied(self, anchor: Header) -> set[int]:
        """The blocks that are ancestors of the anchor. Raises FindingError for one that cannot be."""
        expect(max(self.headers) == anchor.number, f"block {max(self.headers)} is newer than the one that is given")
        for header in self.headers.values():
            parent = self.headers.get(header.number - 1)
            joined = parent is None or parent.hash == header.parent
            expect(joined, f"block {header.number - 1} is not the parent of the next")
        tied = {anchor.number}
        self._follow(anchor, tied)
        for jump in self.record["history"]:
            later = self.headers[int(jump["block"])]
            expect(later.number in tied, f"nothing ties block {later.number} to the one that is given")
            account = self._account(history.ADDRESS, jump["account"], later)
            for key, proof in jump["storage"].items():
                header = self.headers[int(key)]
                held = tries.word(account.storage_root, history.slot(header.number), tries.nodes(proof))
                near = 0 < later.number - header.number <= history.WINDOW
                same = held == int.from_bytes(header.hash, "big")
                expect(near and same, f"block {header.number} is not the one that the state of {later.number} names")
                tied.add(header.number)
                self._follow(header, tied)
        return tied

    def _follow(self, header: Header, tied: set[int]) -> None:
        """Adds a block's ancestors, as far as their headers are there."""
        while (parent := self.headers.get(header.number - 1)) is not None:
            tied.add(parent.number)
            header = parent

    def unchecked_blocks(self) -> list[str]:
        """What of the blocks could not be checked, once all that is used of them has been read."""
        found = []
        if self.loose:
            found.append(
                f"what the roots of {len(self.loose)} blocks ({_span(self.loose)}) commit to: "
                "they hold transactions of a form that the audit does not know"
            )
        if apart := self.headers.keys() - self.tied:
            found.append(f"that block {self.anchor.number} descends from {_span(apart)}: no headers between")
        return found

    # ----------------------------------------------------------------------------------------------------------- state

    def state(self) -> tuple[dict[str, bytes], int | None, dict[int, int] | None]:
        """Code by address; the contract's balance and its words by slot, None without proofs."""
        code, owner = {}, None
        for address, given in self.record["accounts"].items():
            code[address] = bytes.fromhex(given["code"].removeprefix("0x"))
            if given["proof"] is None:
                self.unchecked.append(f"the code of {address}: the node makes no proof of it")
                continue
            account = self._account(address, given["proof"], self.anchor)
            expect(account.code_hash == keccak(code[address]), f"the code of {address} is not what the state holds")
            if address == self.contract:
                owner = account
        if owner is None or self.record["storage"] is None:
            return code, None if owner is None else owner.balance, None
        storage = {}
        for key, proof in self.record["storage"].items():
            slot = int(key, 16)
            try:
                storage[slot] = tries.word(owner.storage_root, slot, tries.nodes(proof))
            except BadProofError as error:
                raise FindingError(f"the contract's storage at {key}: {error}") from None
        return code, owner.balance, storage

    def _account(self, address: str, proof: list[str], block: Header) -> tries.Account:
        try:
            return tries.account(block.state_root, address, tries.nodes(proof))
        except BadProofError as error:
            raise FindingError(f"the account {address} in block {block.number}: {error}") from None

    # ---------------------------------------------------------------------------------------------------- transactions

    def places(self) -> None:
        """Raises FindingError unless the transactions stand in the chain's order, each once."""
        places = [(int(entry["block"]), int(entry["index"])) for entry in self.record["transactions"]]
        expect(places == sorted(set(places)), "a transaction is given twice, or out of order")

    def transaction(self, entry: Any) -> Transaction:
        """A transaction of the record, as its block's root commits to it."""
        raw = self._item(entry, "transaction", "transactions_root")
        try:
            transaction = decode_transaction(raw)
        except ValueError as error:
            raise FindingError(f"a transaction of block {entry['block']}: {error}") from None
        signed, said = transaction.chain_id, int(self.record["chainId"])
        expect(signed in (None, said), f"a transaction is signed for chain {signed}, and this is said to be {said}")
        return transaction

    def receipt(self, entry: Any) -> Receipt:
        """Its receipt."""
        receipt = decode_receipt(self._item(entry, "receipt", "receipts_root"))
        failed = f"a transaction of block {entry['block']} failed and has logs"
        expect(receipt.succeeded or not receipt.logs, failed)
        return receipt

    def _item(self, entry: Any, kind: str, root: str) -> bytes:
        """A transaction or receipt as the block's root commits to it."""
        number, index = int(entry["block"]), int(entry["index"])
        given, header = entry[kind], self.headers[number]
        raw = bytes.fromhex(given["raw"][2:])
        if given["proof"] is None:
            self.loose.add(number)
            return raw
        try:
            committed = tries.item(getattr(header, root), index, tries.nodes(given["proof"]))
        except BadProofError as error:
            raise FindingError(f"{kind} {index} of block {number}: {error}") from None
        expect(committed == raw, f"{kind} {index} of block {number} is another than the block's root commits to")
        return raw

    def constructor(self, name: str) -> bytes | None:
        """What the contract's constructor was given. None, and it is listed, if its creation is not in the record.

        Raises FindingError if another constructor than that of this checkout's contract `name` made it.
        """
        given = self.record["creation"]
        if given is None:
            self.unchecked.append("the contract's creation, which the node has forgotten or another contract did")
            return None
        transaction = self.transaction(given)
        own = transaction.to is None and created_address(transaction.sender, transaction.nonce) == self.contract
        expect(own, "the transaction given for the contract's creation did not create it")
        ours = bytes.fromhex(artifact(name)["bytecode"]["object"].removeprefix("0x"))
        same = transaction.data.startswith(ours)
        expect(same, "the contract was made by another constructor than this checkout's")
        return transaction.data[len(ours) :]


def _span(numbers: Set[int]) -> str:
    return f"{min(numbers)} to {max(numbers)}" if len(numbers) > 1 else str(*numbers)
