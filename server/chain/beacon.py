"""drand's public randomness beacon, which draws the openings off local chains: fetches a round's signature.

Nothing that is fetched is believed: the game contract verifies the signature, and a relay asks it before it sends.
"""

from __future__ import annotations

import json
import time
from hashlib import sha256
from typing import Any, cast

import httpx
from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import decompress_G1, decompress_G2
from py_ecc.fields import optimized_bls12_381_FQ as Fq
from py_ecc.optimized_bls12_381 import optimized_curve as curve
from py_ecc.optimized_bls12_381.optimized_pairing import pairing

CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
"""The chain hash of quicknet, drand's network that `Beacon.sol` knows."""
PUBLIC_KEY = bytes.fromhex(
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS, PERIOD = 1692803367, 3
"""When round 1 was due, and the seconds between rounds."""
DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
"""What drand's scheme bls-unchained-g1-rfc9380 hashes to the curve with (RFC 9380)."""
MAX_BYTES = 4096
"""Longest answer that is read; a round's takes 300."""
TIMEOUT_SECONDS = 5.0


class BeaconError(Exception):
    """The beacon did not answer as it should; the message names the URL."""


def fetch(url: str, number: int) -> bytes:
    """The signature of a round, 128 bytes as `beginByBeacon` takes it. Raises BeaconError."""
    address = f"{url.rstrip('/')}/{CHAIN}/public/{number}"
    try:
        end = time.monotonic() + TIMEOUT_SECONDS
        with httpx.stream("GET", address, timeout=TIMEOUT_SECONDS) as answer:
            body = b""
            for part in answer.iter_bytes():
                body += part
                if time.monotonic() > end:
                    raise BeaconError(f"{address}: the answer took longer than {TIMEOUT_SECONDS} s")
                if len(body) > MAX_BYTES:
                    raise BeaconError(f"{address}: the answer is longer than {MAX_BYTES} bytes")
        if answer.status_code != 200:
            raise BeaconError(f"{address}: answered {answer.status_code}; the round may not be signed yet")
        signed = json.loads(body)
        if signed["round"] != number:
            raise BeaconError(f"{address}: answered with round {signed['round']!r}")
        return uncompressed(signed["signature"])
    except httpx.HTTPError as error:
        raise BeaconError(f"{address}: {type(error).__name__}") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BeaconError(f"{address}: not a signed round ({error})") from None


def round_at(time_: int) -> tuple[int, int]:
    """The first round that is due at a time or later, and when it is due."""
    periods = max(-(-(time_ - GENESIS) // PERIOD), 0)
    return periods + 1, GENESIS + periods * PERIOD


def uncompressed(signature: str) -> bytes:
    """A point of G1, from 48 bytes in hex to the 128 that EIP-2537 wants. Raises ValueError for what is no point."""
    data = bytes.fromhex(signature)
    if len(data) != 48:
        raise ValueError(f"a signature of {len(data)} bytes, not 48")
    x, y = curve.normalize(decompress_G1(cast(Any, int.from_bytes(data, "big"))))
    return int(x).to_bytes(64, "big") + int(y).to_bytes(64, "big")


def verify(number: int, signature: bytes, public_key: bytes = PUBLIC_KEY) -> bool:
    """Whether 128 bytes are the signature of a round, as `Beacon.sol` judges; takes a second or two."""
    x, y = int.from_bytes(signature[:64], "big"), int.from_bytes(signature[64:], "big")
    if len(signature) != 128 or max(x, y) >= curve.field_modulus:
        return False
    point = (Fq(x), Fq(y), Fq(1))
    if not curve.is_on_curve(point, curve.b) or not curve.is_inf(curve.multiply(point, curve.curve_order)):
        return False
    key = decompress_G2(cast(Any, (int.from_bytes(public_key[:48], "big"), int.from_bytes(public_key[48:], "big"))))
    return bool(pairing(curve.G2, point) == pairing(key, hashed(number)))


def hashed(number: int) -> Any:
    """What a signature of the round multiplies: the SHA-256 of its number, hashed to the curve."""
    return hash_to_G1(sha256(number.to_bytes(8, "big")).digest(), DST, cast(Any, sha256))
