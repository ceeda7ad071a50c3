"""Towers of many shapes: a proof of each verifies natively and, by its generated contract, on a local chain.

The shapes are those of engine/halo2/tests/completeness.rs, which checks every gate of their witnesses.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from web3 import HTTPProvider, Web3

from engine.policy import ACTIVATION_MAX, SCORE_BITS, Layer, Network
from engine.prover import Prover
from engine.setup import Setup
from server.chain.contracts import compile_verifier
from tests.server.table import run_anvil

SEED = 1
Hidden = tuple[tuple[int, bool, bool], ...]
"""Layers: channels, whether the kernel is 3x3, whether there is a skip."""
# Input planes, hidden layers, policy planes, shift, zero point.
SHAPES: tuple[tuple[int, Hidden, int, int, int], ...] = (
    (1, ((2, True, False),), 1, 8, 128),
    (3, ((8, False, False),), 5, 8, 1024),
    (2, ((7, True, False), (10, True, False), (7, True, False)), 6, 9, 200),
    (4, ((16, True, False), (16, True, False), (16, True, True)), 11, 12, 512),
    (6, ((34, True, False), (34, False, False), (34, False, True), (40, True, False)), 73, 10, 300),
    (15, ((72, True, False), (5, False, False)), 2, 11, 129),
    (5, ((3, True, False), (3, True, False), *3 * ((3, True, True),)), 3, 13, 1000),
    (3, ((80, False, False), (176, False, False), (320, False, False)), 7, 10, 256),
)

pytestmark = pytest.mark.slow


def tower(planes: int, hidden: Hidden, policy: int, shift: int, zero: int) -> Network:
    """Random weights close to the bounds, so that activations vary."""
    generator = np.random.default_rng(SEED)
    layers, inputs = [], planes
    for index, (outputs, conv3, skip) in enumerate((*hidden, (policy, False, False))):
        bound = zero << shift if index < len(hidden) else zero << 2 * shift - 1 - SCORE_BITS
        shape = (outputs, inputs, 3, 3) if conv3 else (outputs, inputs)
        reach = 0.8 * bound / (np.prod(shape[1:]) * (ACTIVATION_MAX if index else 2))
        weights = generator.uniform(-reach, reach, shape).astype(np.int32)
        biases = (generator.uniform(-0.02, 0.05, outputs) * bound).astype(np.int32)
        layers.append(Layer("conv3" if conv3 else "conv1", skip, weights, biases))
        inputs = outputs
    return Network("tower", planes, shift, zero, layers)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where setups are kept: networks of one size share one."""
    return tmp_path_factory.mktemp("towers")


@pytest.fixture(scope="module")
def w3() -> Iterator[Web3]:
    with run_anvil() as url:
        yield Web3(HTTPProvider(url, request_kwargs={"timeout": 300}))


@pytest.mark.parametrize(
    "shape",
    [SHAPES[3], *(pytest.param(shape, marks=pytest.mark.long) for shape in SHAPES if shape != SHAPES[3])],
    ids=str,
)
def test_a_proof_verifies_natively_and_on_a_chain(
    shape: tuple[int, Hidden, int, int, int], folder: Path, w3: Web3
) -> None:
    network = tower(*shape)
    network.save(folder / "tower.safetensors")
    prover = Prover(folder / "tower.safetensors", Setup.from_seed(SEED), folder)
    planes = (np.random.default_rng(SEED).random((network.planes, 8, 8)) < 0.3).astype(np.uint8)
    legal = list(range(0, 64 * shape[2], 7))
    proof = prover.prove(planes, legal, 2026)
    logits = network.logits(planes)
    assert logits[proof.index] == max(logits[index] for index in legal)
    assert prover.verify(proof.words, proof.proof)

    made = bytes.fromhex(compile_verifier(prover.verifier_source(), folder).creation.removeprefix("0x"))
    sender = w3.eth.accounts[0]
    verifier = w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction({"from": sender, "data": made}))[
        "contractAddress"
    ]

    def accepts(words: list[int]) -> bool:
        data = b"".join(word.to_bytes(32, "big") for word in words) + proof.proof
        call = {"to": verifier, "data": "0x" + data.hex(), "gas": hex(2_000_000)}
        return "error" not in w3.provider.make_request("eth_call", [call, "latest"])  # type: ignore[arg-type]

    assert accepts(proof.words)
    assert not accepts([*proof.words[:-1], proof.words[-1] ^ 1])
