"""The integer network: evaluation against a slow reference, bounds, and files that must be refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import chess
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from engine import encoding, policy
from engine.native import NativeNetwork
from engine.policy import Layer, Network, narrowed

TINY = Network.random("tiny", 15, 10, 4, seed=7, shift=12, zero=512)


def slow_logits(network: Network, planes: NDArray[np.uint8]) -> list[int]:
    """The definition, in Python's integers."""
    entering = [[[int(v) for v in plane.reshape(64)] for plane in planes]]
    for layer in network.layers:
        x, y = entering[-1], list[list[int]]()
        for out in range(len(layer.biases)):
            row = []
            for square in range(64):
                rank, file = divmod(square, 8)
                total = int(layer.biases[out])
                for c, plane in enumerate(x):
                    if layer.kind == "conv1":
                        total += int(layer.weights[out, c]) * plane[square]
                        continue
                    for dr in range(3):
                        for df in range(3):
                            r, f = rank + dr - 1, file + df - 1
                            if 0 <= r < 8 and 0 <= f < 8:
                                total += int(layer.weights[out, c, dr, df]) * plane[8 * r + f]
                if layer.skip:
                    total += entering[-2][out][square] << network.shift
                row.append(total)
            y.append(row)
        if layer is network.layers[-1]:
            return [value for row in y for value in row]
        half = 1 << network.shift - 1
        entering.append([[min(max(value + half >> network.shift, 0), 127) for value in row] for row in y])
    raise AssertionError


def test_logits_equal_the_definition() -> None:
    rng = np.random.default_rng(0)
    for planes in (encoding.planes(chess.Board(), False), rng.integers(0, 2, (15, 8, 8), np.uint8)):
        logits = TINY.logits(planes)
        assert logits.dtype == np.int64 and logits.tolist() == slow_logits(TINY, planes)


def test_many_inputs_at_once_give_the_same() -> None:
    planes = np.random.default_rng(1).integers(0, 2, (5, 15, 8, 8), np.uint8)
    assert (TINY.batch_logits(planes) == [TINY.logits(one) for one in planes]).all()


@pytest.mark.parametrize("planes", [np.zeros((14, 8, 8), np.uint8), np.full((15, 8, 8), 2, np.uint8)])
def test_other_inputs_are_refused(planes: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="15 planes"):
        TINY.logits(planes)


def test_scores_are_all_different() -> None:
    scores = policy.scores(np.zeros(4672, np.int64))
    assert len(set(scores.tolist())) == 4672
    logits = TINY.logits(encoding.planes(chess.Board(), False))
    scores = policy.scores(logits)
    assert len(set(scores.tolist())) == 4672
    assert (scores >> policy.SCORE_BITS == logits).all()


def test_shapes_of_the_circuit() -> None:
    flagship = Network.random("flagship", 15, 128, 25, seed=1, shift=16, zero=1 << 13)
    assert flagship.parameters == 3_716_425 and 237e6 < flagship.multiply_adds < 238e6
    assert [layer.skip for layer in flagship.layers] == [n > 0 and n % 2 == 0 and n < 26 for n in range(27)]


def test_a_file_gives_the_network_back(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    TINY.save(path)
    loaded = Network.load(path)
    assert loaded.hash == TINY.hash and loaded.to_bytes() == path.read_bytes()
    assert (loaded.name, loaded.planes, loaded.shift, loaded.zero) == ("tiny", 15, 12, 512)
    planes = encoding.planes(chess.Board(), False)
    assert (loaded.logits(planes) == TINY.logits(planes)).all()


def test_a_file_of_16_bits_is_the_same_network() -> None:
    """Weights that fit are stored in half the room; numpy and Rust compute the same from them."""
    layers = [Layer(layer.kind, layer.skip, narrowed(layer.weights), narrowed(layer.biases)) for layer in TINY.layers]
    layers[2] = TINY.layers[2]
    narrow = Network("tiny", TINY.planes, TINY.shift, TINY.zero, layers)
    assert {layer.weights.dtype for layer in narrow.layers} == {np.dtype(np.int16), np.dtype(np.int32)}
    assert len(narrow.to_bytes()) < 0.8 * len(TINY.to_bytes()) and narrow.hash != TINY.hash
    planes = encoding.planes(chess.Board(), False)
    assert (narrow.logits(planes) == TINY.logits(planes)).all()
    assert (NativeNetwork(narrow).batch_logits(planes[None])[0] == TINY.logits(planes)).all()


def test_numbers_beyond_16_bits_keep_32() -> None:
    for value, bits in ((32767, 16), (32768, 32), (-32768, 16), (-32769, 32)):
        assert narrowed(np.array([0, value], np.int32)).tolist() == [0, value]
        assert narrowed(np.array([0, value], np.int32)).itemsize == bits // 8


def header(network: Network) -> dict[str, Any]:
    layers = [{"kind": layer.kind, "skip": layer.skip} for layer in network.layers]
    return {"layers": layers, "name": network.name, "planes": 15, "shift": network.shift, "zero": network.zero}


def write(path: Path, tensors: dict[str, NDArray[Any]], head: Any, extra: dict[str, str] | None = None) -> None:
    text = json.dumps(head, sort_keys=True, separators=(",", ":"))
    save_file(tensors, path, {"network": text} | (extra or {}))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t, h: t.update(w0=t["w0"].astype(np.float32)), "float32, not int16 or int32"),
        (lambda t, h: t.update(w0=t["w0"].astype(np.int64)), "int64, not int16 or int32"),
        (lambda t, h: t.update(w9=t["w0"]), "holds the tensors"),
        (lambda t, h: t.pop("b1"), "holds the tensors"),
        (lambda t, h: t.update(b1=t["b1"][:-1].copy()), "layer 1: weights are"),
        (lambda t, h: h.update(planes=14), "layer 0: weights are"),
        (lambda t, h: h.update(planes=True), "must be integers"),
        (lambda t, h: h.update(shift=7), "shift 7"),
        (lambda t, h: h.update(shift=17), "shift 17"),
        (lambda t, h: h.update(zero=1 << 20), "zero 1048576"),
        (lambda t, h: h.update(zero=-1), "zero -1"),
        (lambda t, h: h.update(name="../etc/passwd"), "no name"),
        (lambda t, h: h.update(note="more"), "its header must hold"),
        (lambda t, h: h["layers"][1].update(skip=True), "layer 1: a skip needs"),
        (lambda t, h: h["layers"][1].update(skip=1), "layer 1 must have"),
        (lambda t, h: h["layers"][1].update(kind="conv5"), "no kind 'conv5'"),
        (lambda t, h: h["layers"][-1].update(skip=True), "layer 5: a skip needs"),
        (lambda t, h: t["w1"].__setitem__((3, 0, 0, 0), 1 << 24), "layer 1, channel 3: sums reach"),
        (lambda t, h: t["b5"].__setitem__(2, 1 << 30), "layer 5, channel 2: sums reach"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, change: Any, reason: str) -> None:
    path = tmp_path / "tiny.safetensors"
    TINY.save(path)
    tensors, head = load_file(path), header(TINY)
    change(tensors, head)
    write(path, tensors, head)
    with pytest.raises(ValueError, match=reason):
        Network.load(path)


def test_a_second_metadata_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    TINY.save(path)
    write(path, load_file(path), header(TINY), {"format": "pt"})
    with pytest.raises(ValueError, match="metadata"):
        Network.load(path)


def test_a_file_in_another_form_is_refused(tmp_path: Path) -> None:
    """Two files of one network would be two hashes of one identity."""
    path = tmp_path / "tiny.safetensors"
    TINY.save(path)
    save_file(load_file(path), path, {"network": json.dumps(header(TINY), indent=1)})
    with pytest.raises(ValueError, match="canonical"):
        Network.load(path)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\xff" * 64])
def test_rubbish_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rubbish.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a network"):
        Network.load(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    TINY.save(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is not a network"):
        Network.load(path)


def test_a_flipped_bit_changes_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "tiny.safetensors"
    content = bytearray(TINY.to_bytes())
    content[-4] ^= 1  # the lowest bit of the last weight
    path.write_bytes(content)
    assert Network.load(path).hash != TINY.hash


def test_the_static_bound_is_reached_and_exact() -> None:
    """An input that sets every weight's sign right reaches the range; one more than the bound is refused."""
    layer = TINY.layers[0]
    low, high = TINY.ranges(0)
    matrix = layer.matrix
    assert (matrix.clip(min=0).sum(1) + layer.biases == high).all() and (
        matrix.clip(max=0).sum(1) + layer.biases == low
    ).all()
    room = TINY.sum_bound - high[0]
    biases = layer.biases.copy()
    biases[0] += room
    Network("edge", 15, 12, 512, [replace(layer, biases=biases), *TINY.layers[1:]])
    biases[0] += 1
    with pytest.raises(ValueError, match="layer 0, channel 0: sums reach"):
        Network("edge", 15, 12, 512, [replace(layer, biases=biases), *TINY.layers[1:]])


def test_widths_the_layout_does_not_carry() -> None:
    with pytest.raises(ValueError, match="1 mod 8"):
        Network.random("odd", 15, 9, 1, seed=0, shift=12, zero=512)
    layers = TINY.layers
    with pytest.raises(ValueError, match="logit layer"):
        Network("head", 15, 12, 512, layers[:-1])
    wide = Layer("conv1", False, np.zeros((114, 10), np.int32), np.zeros(114, np.int32))
    with pytest.raises(ValueError, match="114 policy planes"):
        Network("wide", 15, 12, 512, [*layers[:-1], wide])


def test_the_played_network_loads_and_has_its_passport() -> None:
    path = policy.default_network()
    network = Network.load(path)
    passport = json.loads(path.with_suffix(".json").read_text())
    assert passport["sha256"] == network.hash.hex() and passport["parameters"] == network.parameters
    board = chess.Board()
    ranked = policy.scores(network.logits(encoding.planes(board, False)))
    legal = encoding.legal_indices(board)
    assert legal[max(legal, key=lambda index: int(ranked[index]))].uci() in {
        "e2e4",
        "d2d4",
        "g1f3",
        "c2c4",
        "e2e3",
        "d2d3",
        "b1c3",
    }
