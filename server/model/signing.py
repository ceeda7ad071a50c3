"""Signatures of ballots and receipts: EIP-712 digests, and signatures of 64 bytes (EIP-2098)."""

from __future__ import annotations

from typing import Any

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: a signature's s is at most this (EIP-2)."""


class Typed:
    """EIP-712 digests in a game contract's domain."""

    BALLOT = keccak(b"Ballot(uint256 game,uint16 ply,uint16 move,bytes32 position)")
    RECEIPT = keccak(b"Receipt(uint256 game,uint32 seat,uint16 ply,uint16 move,bytes32 position,uint64 received)")

    def __init__(self, chain_id: int, contract: str) -> None:
        kind = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
        self.domain = keccak(
            kind + keccak(b"Proofmate") + keccak(b"1") + _word(chain_id) + bytes.fromhex(contract[2:]).rjust(32, b"\0")
        )

    def ballot(self, game: int, ply: int, move: int, position_key: str) -> bytes:
        """The digest that a seat's vote key signs; `ballotDigest` of the contract."""
        return self._digest(self.BALLOT, game, ply, move, int(position_key, 16))

    def receipt(self, game: int, seat: int, ply: int, move: int, position_key: str, received: int) -> bytes:
        """The digest of a receipt, which the receipt key signs; `received` in seconds of Unix time."""
        return self._digest(self.RECEIPT, game, seat, ply, move, int(position_key, 16), received)

    def _digest(self, kind: bytes, *values: int) -> bytes:
        return keccak(b"\x19\x01" + self.domain + keccak(kind + b"".join(map(_word, values))))


def recover(digest: bytes, compact: bytes) -> str | None:
    """The address that made a 64-byte signature, lower-case; None if it is none or its s is high."""
    r, vs = compact[:32], int.from_bytes(compact[32:], "big")
    parity, s = vs >> 255, vs & (1 << 255) - 1
    if s > HALF_ORDER:
        return None
    try:
        key = PublicKey.from_signature_and_message(r + _word(s) + bytes([parity]), digest, hasher=None)
    except Exception:  # coincurve raises a plain one
        return None
    return address_of(key)


def sign(key: PrivateKey, digest: bytes) -> bytes:
    """A digest's signature of 64 bytes."""
    made = key.sign_recoverable(digest, hasher=None)
    return made[:32] + _word(int.from_bytes(made[32:64], "big") | made[64] << 255)


def address_of(key: PublicKey) -> str:
    """The address of a public key, lower-case."""
    return "0x" + keccak(key.format(compressed=False)[1:])[-20:].hex()


def compact(signature: Any) -> bytes:
    """The 64 bytes of an eth_account signature."""
    return _word(signature.r) + _word(signature.s | (signature.v - 27) << 255)


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
