"""Makes `beacon.json` for `Beacon.t.sol`: rounds that drand's quicknet signed, and hashes to the curve by py_ecc.

    python -m tests.vectors.beacon

A signature is 48 bytes as drand publishes it, and 128 as EIP-2537 encodes the point.
"""

from __future__ import annotations

import json
from pathlib import Path

from py_ecc.optimized_bls12_381.optimized_curve import normalize

from server.chain.beacon import hashed, uncompressed

FILE = Path(__file__).with_suffix(".json")
QUICKNET = {
    123: "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    12040883: "929906c959032ab363c9f26570d215d66f5c06cb0c44fe508c12bb5839f04ec895bb6868e5b9ff13ab289bdb5266b394",
    32285085: "81dbce51d584d90d618547f4b50391d53ace6f6b9aeb8fb67e1879427af9d0310ac0ec6f519271d9a313ee84b378d416",
}
"""Rounds that quicknet signed, as published; each verifies under its public key."""
HASHED = (1, 2, 3, 255, 256, 65_536, 2**32 - 1, 2**40 + 7, 2**63, 2**64 - 1)


def vectors() -> dict[str, object]:
    """The content of the file."""
    signed = [
        {"round": str(number), "compressed": "0x" + signature, "signature": "0x" + uncompressed(signature).hex()}
        for number, signature in QUICKNET.items()
    ]
    return {
        "made": "by python -m tests.vectors.beacon",
        "quicknet": signed,
        "hashed": [{"round": str(number), "point": "0x" + point(number).hex()} for number in HASHED],
    }


def point(number: int) -> bytes:
    """What a signature of the round multiplies, as EIP-2537 encodes it."""
    return b"".join(int(coordinate).to_bytes(64, "big") for coordinate in normalize(hashed(number)))


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1) + "\n")
