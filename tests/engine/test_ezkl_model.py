"""The ONNX graph computes the integer network bit by bit, by ezkl's own evaluation."""

import json
from pathlib import Path

import ezkl
import numpy as np
import pytest

from engine.ezkl_model import legs, to_onnx
from engine.ezkl_process import compile_model
from engine.policy import Layer, Network
from tests.engine.random_networks import shaped_network


def ezkl_logits(folder: Path, network: Network, planes: np.ndarray) -> list[int]:
    """The outputs of ezkl's witness of a position."""
    (folder / "model.onnx").write_bytes(to_onnx(network).SerializeToString())
    compile_model(folder, network.shift, legs(network))
    words = [*(int(bit) for bit in planes.reshape(-1)), 7]
    (folder / "input.json").write_text(
        json.dumps({"input_data": [[word.to_bytes(32, "little").hex() for word in words]]})
    )
    witness = ezkl.gen_witness(str(folder / "input.json"), str(folder / "circuit"), None, None, None)
    return [ezkl.felt_to_int(felt) for felt in witness["outputs"][0]]


@pytest.mark.parametrize(
    ("shift", "zero", "size"),
    [(8, 1 << 14, 0.4), (12, 512, 0.2), (16, 1 << 13, 0.05), (16, 1 << 13, 2.0)],
    ids=["three digits", "small shift", "dying", "saturated"],
)
def test_the_witness_is_the_integer_policy(tmp_path: Path, shift: int, zero: int, size: float) -> None:
    network = shaped_network(1, shift, zero, [(2, 3, False), (2, 1, False), (2, 3, True), (3, 1, False)], size)
    planes = np.random.default_rng(2).integers(0, 2, (15, 8, 8), dtype=np.uint8)
    assert ezkl_logits(tmp_path, network, planes) == network.logits(planes).tolist()


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_rounding_at_the_half(tmp_path: Path, offset: int) -> None:
    """Sums just below, at and above a half, where a freedom in rounding would show."""
    halves = np.array([*range(-3, 4), *range(124, 131)])
    shift = 8
    biases = (halves * 256 + 128 + offset).astype(np.int32)
    identity = np.eye(len(halves), dtype=np.int32)
    first = Layer("conv1", False, np.zeros((len(halves), 1), np.int32), biases)
    network = Network("tiny", 1, shift, 512, [first, Layer("conv1", False, identity, np.zeros_like(biases))])
    planes = np.zeros((1, 8, 8), np.uint8)
    expected = ((halves + (offset >= 0)).clip(0, 127)).repeat(64).tolist()
    assert network.logits(planes).tolist() == expected
    assert ezkl_logits(tmp_path, network, planes) == expected


def test_refuses_weights_that_a_float_does_not_hold() -> None:
    weights = np.full((2, 1), 1 << 24, np.int32)
    first = Layer("conv1", False, weights, np.zeros(2, np.int32))
    last = Layer("conv1", False, np.ones((1, 2), np.int32), np.zeros(1, np.int32))
    with pytest.raises(ValueError, match=r"layer 0: 16777216 is a weight; this prover takes less than 2\^24"):
        to_onnx(Network("tiny", 1, 16, 1 << 13, [first, last]))
