"""Perceptrons: their integers, their bounds, how they stand in planes and words, and a proof of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dense import CLASS_BIT, Network
from engine.policy import Network as Policy
from engine.prover import Prover
from engine.setup import Setup


def perceptron(seed: int, widths: list[int], bits: int, signed: bool, shift: int = 11) -> Network:
    rng = np.random.default_rng(seed)
    sizes = [(1 << shift) / 2 ** (bits - 1) / inputs**0.5 * 40 if n == 0 else 300 for n, inputs in enumerate(widths)]
    weights = [
        np.rint(rng.normal(size=(outputs, inputs)) * size)
        for inputs, outputs, size in zip(widths, widths[1:], sizes, strict=False)
    ]
    biases = [rng.integers(-9 << shift, 9 << shift, outputs) for outputs in widths[1:]]
    return Network.dense(weights, biases, bits, signed=signed, shift=shift)


def by_definition(network: Network, weights: list[list[list[int]]], biases: list[list[int]], x: list[int]) -> list[int]:
    """The logits in Python's integers."""
    for n, (rows, offsets) in enumerate(zip(weights, biases, strict=True)):
        y = [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(rows, offsets, strict=True)]
        if n == len(weights) - 1:
            return y
        x = [min(max((v + (1 << network.shift - 1)) >> network.shift, 0), 127) for v in y]
    raise AssertionError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(2, 12), st.booleans(), st.lists(st.integers(1, 20), min_size=2, max_size=4))
def test_a_tower_on_one_square_is_the_perceptron(seed: int, bits: int, signed: bool, widths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    features, shift = int(rng.integers(1, 24)), 12
    shapes = list(zip(widths, [features, *widths], strict=False))
    first = (1 << 20) // (features << bits) + 1
    weights = [rng.integers(-first if n == 0 else -900, first if n == 0 else 900, s) for n, s in enumerate(shapes)]
    biases = [rng.integers(-90000, 90000, outputs) for outputs in widths]
    network = Network.dense(weights, biases, bits, signed=signed, shift=shift)
    low = -(1 << bits - 1) if signed else 0
    x = rng.integers(low, low + (1 << bits), (3, features))
    expected = [
        by_definition(network, [w.tolist() for w in weights], [b.tolist() for b in biases], v.tolist()) for v in x
    ]
    assert network.class_logits(x).tolist() == expected
    for row, logits in zip(x, expected, strict=True):
        assert Policy.logits(network, network.input(row))[network.classes].tolist() == logits


def test_the_bits_of_the_features_stand_around_b2_in_threes() -> None:
    network = perceptron(1, [4, 8, 3], 8, True)
    x = [-128, 127, 1, 64]
    number = sum((value & 255) << 8 * feature for feature, value in enumerate(x))
    planes = network.input(x)
    assert planes.shape == (4, 8, 8) and planes.dtype == np.uint8
    for n in range(36):
        assert planes[n // 9, n % 9 // 3, n % 3] == number >> n & 1
    assert planes[:, 3:].sum() == planes[:, :, 3:].sum() == 0
    # Three planes a word, the first on top; the last word holds one, at bit 0.
    words = [0, 0]
    for n in range(36):
        plane, rest = divmod(n, 9)
        place = 72 * (2 - plane) if plane < 3 else 0
        words[plane // 3] |= (number >> n & 1) << place + 9 * (rest // 3) + rest % 3
    assert network.input_words(x) == words


def test_of_equal_logits_the_last_class_is_chosen() -> None:
    zeros = [np.zeros((8, 2), int), np.zeros((5, 8), int)]
    network = Network.dense(zeros, [np.zeros(8, int), np.array([0, 7, 7, 7, 0])])
    assert network.classify([[1, 2]]).tolist() == [3]
    assert network.accuracy([[1, 2], [3, 4]], [3, 0]) == 0.5


def test_parameters_are_those_of_the_dense_layers() -> None:
    assert perceptron(1, [36, 128, 64, 12], 8, True).parameters == 13_772


W = [np.ones((8, 4), int), np.ones((3, 8), int)]
B = [np.zeros(8, int), np.zeros(3, int)]


@pytest.mark.parametrize(
    ("weights", "biases", "options", "message"),
    [
        ([W[0] + 0.5, W[1]], B, {}, "layer 0, weights: integers are expected, not 1.5"),
        (W, [B[0], B[1] + np.nan], {}, "layer 1, biases: integers are expected, not nan"),
        ([W[0], W[1] * (1 << 40)], B, {}, "layer 1, weights: 1099511627776 is no integer of 32 bits"),
        ([W[0] << 25, W[1]], B, {}, r"layer 0: a weight times 2\^7 is 4294967296"),
        ([W[0] << 21, W[1]], B, {}, "layer 0, channel 0: sums reach -1073741824..1065353216, more than"),
        ([W[0], W[1] << 26], B, {}, "layer 1, channel 0: sums reach 0..68182605824, more than"),
        ([W[0], W[1][:, :7]], B, {}, r"layer 1: weights are \(3, 7\), expected \(3, 8\)"),
        (W, [B[0][:7], B[1]], {}, r"layer 0: weights are \(8, 4\), expected \(7, 4\)"),
        (W[:1], B[:1], {}, "two at least"),
        (W, B[:1], {}, "1 of biases"),
        (W, B, {"bits": 0}, "2 to 16 bits, not 0"),
        (W, B, {"bits": 17, "signed": False}, "1 to 16 bits, not 17"),
        (W, B, {"shift": 7}, "shift must be 8..16"),
        ([["a"], W[1]], B, {}, "layer 0, weights"),
        ([W[0][0], W[1]], B, {}, r"not the shape \(4,\)"),
        ([W[0][:, :0], W[1]], B, {}, r"not the shape \(8, 0\)"),
    ],
)
def test_what_no_proof_can_hold_is_refused_with_layer_and_number(
    weights: list[np.ndarray], biases: list[np.ndarray], options: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Network.dense(weights, biases, **options)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1, 2, 3], "4 features"),
        ([0, 0, 128, 0], "feature 2 is 128; it must be -128 to 127"),
        ([0, -129, 0, 0], "feature 1 is -129"),
        ([0, 0.5, 0, 0], "integers, not 0.5"),
        ([[0, 0, 0, 0]], "4 features"),
    ],
)
def test_senseless_inputs_are_refused_with_the_number(x: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network.dense(W, B).input(x)


def test_a_file_is_read_with_what_its_input_is(tmp_path: Path) -> None:
    network = perceptron(2, [7, 10, 3], 5, False)
    network.save(tmp_path / "it")
    again = Network.load(tmp_path / "it", 7, 5, signed=False)
    assert again.hash == network.hash and again.features == 7
    x = np.arange(14).reshape(2, 7)
    assert np.array_equal(again.class_logits(x), network.class_logits(x))
    for features, bits, signed in ((7, 5, True), (8, 5, False), (5, 7, False), (7, 4, False)):
        if features == 8:
            with pytest.raises(ValueError, match="do not fit into 36 slots"):
                Network.load(tmp_path / "it", features, bits, signed)
        else:
            with pytest.raises(ValueError, match="no dense layer"):
                Network.load(tmp_path / "it", features, bits, signed)


def test_a_tower_is_no_perceptron(tmp_path: Path) -> None:
    Policy.random("tiny", 15, 16, 2, 1, 10, 512).save(tmp_path / "tower")
    with pytest.raises(ValueError, match="perceptron"):
        Network.load(tmp_path / "tower")


def test_a_trained_model_keeps_its_choices() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(20, 33), torch.nn.ReLU(), torch.nn.Linear(33, 17), torch.nn.ReLU(), torch.nn.Linear(17, 4)
    )
    x = np.random.default_rng(1).integers(-128, 128, (3000, 20))
    network = Network.from_torch(model, x[:1000], scale=1 / 64)
    labels = model(torch.from_numpy(x / 64).float()).argmax(1).numpy()
    assert network.accuracy(x, labels) > 0.98
    with pytest.raises(ValueError, match="not Linear, Tanh, Linear"):
        Network.from_torch(torch.nn.Sequential(model[0], torch.nn.Tanh(), model[4]), x)
    with pytest.raises(ValueError, match="not Linear"):
        Network.from_torch(torch.nn.Sequential(model[0]), x)


@pytest.mark.slow
def test_a_proof_shows_the_allowed_class_that_is_largest(tmp_path: Path) -> None:
    network = perceptron(3, [6, 9, 10], 8, True, shift=9)
    prover = Prover(network, Setup.from_seed(1), tmp_path)
    x = np.random.default_rng(2).integers(-128, 128, 6)
    logits = network.class_logits(x[None])[0]
    assert np.array_equal(prover.logits(network.input(x))[network.classes], logits)
    ranked = np.argsort(logits)
    for allowed in (range(10), ranked[:4], ranked[:1]):
        proof = prover.prove(network.input(x), [network.classes[c] for c in allowed], 77)
        best = max(allowed, key=lambda c: (logits[c], c))
        assert proof.index // 64 == best and prover.verify(proof.words, proof.proof)
        assert proof.words[len(proof.bitmap) :] == [*network.input_words(x), 77]
        bits = [word >> 72 * place + CLASS_BIT & 1 for word in proof.bitmap[:3] for place in (2, 1, 0)]
        bits.append(proof.bitmap[3] >> CLASS_BIT & 1)
        assert [c for c in allowed if bits[c]] == [best]
    changed = [*proof.words[:-1], 78]
    assert not prover.verify(changed, proof.proof)
