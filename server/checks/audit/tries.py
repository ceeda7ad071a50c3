"""Merkle-Patricia tries (Yellow Paper, appendix D), by the library `trie`: what a root commits to.

A proof is the list of the nodes on the way from the root to a key, each as its RLP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_hash.auto import keccak
from trie import HexaryTrie
from trie.exceptions import BadTrieProof

EMPTY_CODE = keccak(b"")


class BadProofError(Exception):
    """A proof that does not lead from the root to a value."""


@dataclass(frozen=True)
class Account:
    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def proofs(items: Sequence[bytes], wanted: Iterable[int]) -> dict[int, list[bytes]]:
    """Proofs of some of a block's transactions or receipts, given all of them in order."""
    whole: Any = HexaryTrie({})
    for index, item in enumerate(items):
        whole[rlp.encode(index)] = item
    return {index: [rlp.encode(node) for node in whole.get_proof(rlp.encode(index))] for index in wanted}


def item(root: bytes, index: int, proof: Sequence[bytes]) -> bytes:
    """The transaction or receipt of this index, by its proof. Raises BadProofError."""
    return _value(root, rlp.encode(index), proof)


def account(root: bytes, address: str, proof: Sequence[bytes]) -> Account:
    """An account, by its proof against a block's state root; an empty one if there is none. Raises BadProofError."""
    value = _value(root, keccak(bytes.fromhex(address[2:])), proof, absent=True)
    if not value:
        return Account(0, 0, b"", EMPTY_CODE)
    nonce, balance, storage_root, code_hash = rlp.decode(value)
    return Account(int.from_bytes(nonce, "big"), int.from_bytes(balance, "big"), storage_root, code_hash)


def word(root: bytes, slot: int, proof: Sequence[bytes]) -> int:
    """A word of an account's storage, by its proof against the storage root. Raises BadProofError."""
    value = _value(root, keccak(slot.to_bytes(32, "big")), proof, absent=True)
    return int.from_bytes(rlp.decode(value), "big") if value else 0


def _value(root: bytes, key: bytes, proof: Sequence[bytes], absent: bool = False) -> bytes:
    try:
        value: bytes = HexaryTrie.get_from_proof(root, key, [rlp.decode(node) for node in proof])
    except (BadTrieProof, rlp.exceptions.RLPException, ValueError, TypeError, KeyError) as error:
        raise BadProofError(f"the nodes do not lead from the root to the key ({type(error).__name__})") from None
    if not value and not absent:
        raise BadProofError("the root has nothing at the key")
    return value


def hex_nodes(proof: Iterable[bytes]) -> list[str]:
    """A proof as JSON."""
    return ["0x" + node.hex() for node in proof]


def nodes(proof: Iterable[str]) -> list[bytes]:
    """A proof from JSON, as `eth_getProof` writes it too."""
    return [bytes.fromhex(node.removeprefix("0x")) for node in proof]
