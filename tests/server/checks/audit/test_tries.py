from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_hash.auto import keccak
from trie import HexaryTrie

from server.checks.audit import tries
from server.checks.audit.tries import EMPTY_CODE, Account, BadProofError

ITEMS = [f"transaction {number}".encode() * 3 for number in range(200)]
ADDRESS, OTHER = "0x" + "12" * 20, "0x" + "34" * 20


def trie(entries: dict[bytes, bytes]) -> tuple[bytes, Any]:
    made: Any = HexaryTrie({})
    for key, value in entries.items():
        made[key] = value
    return made.root_hash, lambda key: [rlp.encode(node) for node in made.get_proof(key)]


@pytest.fixture(scope="module")
def root() -> bytes:
    return trie({rlp.encode(index): item for index, item in enumerate(ITEMS)})[0]


def test_items_of_a_block_by_their_proofs(root: bytes) -> None:
    proofs = tries.proofs(ITEMS, (0, 1, 127, 128, 199))
    for index, proof in proofs.items():
        assert tries.item(root, index, proof) == ITEMS[index]
        assert tries.nodes(tries.hex_nodes(proof)) == proof


def test_a_proof_is_of_one_item_of_one_root(root: bytes) -> None:
    proof = tries.proofs(ITEMS, (5,))[5]
    for bad in (
        [],
        proof[:-1],
        proof[1:],
        [*proof[:-1], proof[-1][:-1] + bytes([proof[-1][-1] ^ 1])],
        [b"", *proof[1:]],
        [b"\xff" * 40, *proof[1:]],
    ):
        with pytest.raises(BadProofError):
            tries.item(root, 5, bad)
    with pytest.raises(BadProofError):
        tries.item(root, 6, proof)
    with pytest.raises(BadProofError):
        tries.item(keccak(root), 5, proof)


def test_an_item_that_is_not_there_is_no_item(root: bytes) -> None:
    made: Any = HexaryTrie({})
    for index, item in enumerate(ITEMS):
        made[rlp.encode(index)] = item
    absent = [rlp.encode(node) for node in made.get_proof(rlp.encode(500))]
    with pytest.raises(BadProofError, match="nothing at the key"):
        tries.item(root, 500, absent)


def test_accounts_and_their_storage() -> None:
    slots, slot_proof = trie({keccak(slot.to_bytes(32, "big")): rlp.encode(slot + 7) for slot in range(50)})
    held = rlp.encode([5, 10**18, slots, b"\x09" * 32])
    root, proof = trie({keccak(bytes.fromhex(ADDRESS[2:])): held, keccak(b"others"): b"x" * 40})
    assert tries.account(root, ADDRESS, proof(keccak(bytes.fromhex(ADDRESS[2:])))) == Account(
        5, 10**18, slots, b"\x09" * 32
    )
    absent = tries.account(root, OTHER, proof(keccak(bytes.fromhex(OTHER[2:]))))
    assert absent == Account(0, 0, b"", EMPTY_CODE)
    assert tries.word(slots, 3, slot_proof(keccak((3).to_bytes(32, "big")))) == 10
    assert tries.word(slots, 99, slot_proof(keccak((99).to_bytes(32, "big")))) == 0, "an empty slot"
    with pytest.raises(BadProofError):
        tries.word(slots, 3, slot_proof(keccak((4).to_bytes(32, "big")))[:-1])
