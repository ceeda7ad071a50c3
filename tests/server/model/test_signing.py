from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from server.model.signing import HALF_ORDER, Typed, compact, recover

CONTRACT = "0x" + "ab" * 20
KEY = "0x" + "cd" * 32
ORDER = 2 * HALF_ORDER + 1
ACCOUNT = Account.from_key("0x" + "11" * 32)
NUMBER = {"game": "uint256", "seat": "uint32", "ply": "uint16", "move": "uint16", "received": "uint64"}


def by_the_library(kind: str, **values: Any) -> Any:
    """The same message by eth_account's own EIP-712."""
    types = [{"name": name, "type": NUMBER.get(name, "bytes32")} for name in values]
    domain = {"name": "Proofmate", "version": "1", "chainId": 10, "verifyingContract": CONTRACT}
    return encode_typed_data(domain, {kind: types}, values)


def test_digests_are_those_of_eip_712() -> None:
    typed, position = Typed(10, CONTRACT), bytes.fromhex(KEY[2:])
    ballot = by_the_library("Ballot", game=3, ply=7, move=999, position=position)
    assert typed.ballot(3, 7, 999, KEY) == keccak(b"\x19\x01" + ballot.header + ballot.body)
    receipt = by_the_library("Receipt", game=3, seat=5, ply=7, move=999, position=position, received=1 << 40)
    assert typed.receipt(3, 5, 7, 999, KEY, 1 << 40) == keccak(b"\x19\x01" + receipt.header + receipt.body)


def test_a_ballot_is_good_in_one_place_only() -> None:
    digest = Typed(10, CONTRACT).ballot(3, 7, 999, KEY)
    assert digest not in (
        Typed(11, CONTRACT).ballot(3, 7, 999, KEY),
        Typed(10, "0x" + "ac" * 20).ballot(3, 7, 999, KEY),
        Typed(10, CONTRACT).ballot(4, 7, 999, KEY),
        Typed(10, CONTRACT).ballot(3, 8, 999, KEY),
        Typed(10, CONTRACT).ballot(3, 7, 998, KEY),
        Typed(10, CONTRACT).ballot(3, 7, 999, "0x" + "ce" * 32),
    )


def test_64_bytes_recover_to_their_signer() -> None:
    for number in range(20):  # both parities
        digest = keccak(number.to_bytes(32, "big"))
        signature = compact(ACCOUNT.unsafe_sign_hash(digest))
        assert len(signature) == 64 and recover(digest, signature) == ACCOUNT.address.lower()
        assert recover(keccak(b"another"), signature) != ACCOUNT.address.lower()


def test_a_high_s_counts_for_nobody() -> None:
    """The other s of a signature, the order less s, has no room in 255 bits; what fits above the half is refused."""
    digest = keccak(b"malleable")
    signed = ACCOUNT.unsafe_sign_hash(digest)
    r = signed.r.to_bytes(32, "big")
    assert ORDER - signed.s >= 1 << 255
    assert recover(digest, r + (ORDER - signed.s).to_bytes(32, "big")) != ACCOUNT.address.lower()
    for parity in (0, 1):
        for s in (HALF_ORDER + 1, (1 << 255) - 1):
            assert recover(digest, r + (s | parity << 255).to_bytes(32, "big")) is None


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64, ORDER.to_bytes(32, "big") + bytes(31) + b"\1"])
def test_what_is_no_signature_is_none(signature: bytes) -> None:
    assert recover(keccak(b"x"), signature) is None
