"""Makes vault.json: inputs of a vault's network as public words, and contexts. The page reads the same file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.dense import Network
from engine.rockefeller.hours import FEATURES
from engine.words import context_word
from server.chain.vault import NETWORK

FILE = Path(__file__).parent / "vault.json"
ADDRESSES = "0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def text() -> str:
    """The file's content."""
    network, rng = Network.load(NETWORK, FEATURES), np.random.default_rng(1)
    edges = [[0] * FEATURES, [-1] * FEATURES, [127] * FEATURES, [-127] * FEATURES, list(range(-18, 18))]
    entries = []
    for hour, features in enumerate([*edges, *rng.integers(-127, 128, (5, FEATURES)).tolist()], 497_000):
        context = context_word(31337, ADDRESSES[0], hour, ADDRESSES[1])
        words = [f"0x{word:x}" for word in network.input_words(features)]
        entry = {"features": features, "words": words, "chainId": 31337, "vault": ADDRESSES[0], "hour": hour}
        entries.append({**entry, "payee": ADDRESSES[1], "context": f"0x{context:x}"})
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(text())
