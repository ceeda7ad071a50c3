"""The integer network: its file, its bounds, and an exact evaluation in numpy. This is what is proven and played.

A network is a list of linear layers on planes of 8 x 8 squares. Inputs are 0 and 1, activations 0..127, weights and
biases integers with `shift` fractional bits:

    hidden layer    y = W x + b (+ 2^shift x_skip)      x' = clamp(floor((y + 2^(shift-1)) / 2^shift), 0, 127)
    logit layer     y = W x + b                         score = 2^13 y + tie(index)

x_skip are the activations that entered the layer before. The move played is the legal one with the highest score; a
probability, where one is shown, is softmax(logit / logit_unit(shift)).

File: safetensors with int16 or int32 tensors w0, b0, w1, b1, ... (`narrowed` says which; 3x3 layers [out, in, 3, 3],
kernel index [rank, file], a cross-correlation with zero padding; 1x1 layers [out, in]; biases [out]) and the one
metadata key "network", JSON:

    {"layers":[{"kind":"conv3","skip":false},...,{"kind":"conv1","skip":false}],
     "name":"small","planes":15,"shift":13,"zero":4096}            (without the line break and the spaces)

The circuit carries sums up to `sum_bound` and scores up to `score_bound`. A network in which any input could exceed
them is refused, so all sums are far below 2^53, and float64 products of matrices are exact.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

ACTIVATION_MAX = 127
SCORE_BITS = 13
"""A score is 2^SCORE_BITS * logit + tie."""
NETWORKS = Path(__file__).parent / "networks"
KERNEL_SHAPES = {"conv1": (), "conv3": (3, 3)}
Integers: TypeAlias = NDArray[np.int16] | NDArray[np.int32]


@dataclass(frozen=True)
class Layer:
    """A linear layer; `weights` [out, in] or [out, in, 3, 3] and `biases` [out], each int16 or int32."""

    kind: Literal["conv1", "conv3"]
    skip: bool
    weights: Integers
    biases: Integers

    @property
    def parameters(self) -> int:
        return self.weights.size + self.biases.size

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Weights as [out, in * kernel]."""
        return self.weights.reshape(len(self.weights), -1).astype(np.float64)

    def reach(self, largest: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The smallest and largest W x + b of each channel, int64 [out], for any inputs 0..largest."""
        weights = self.weights.reshape(len(self.weights), -1).astype(np.int64)
        low = largest * weights.clip(max=0).sum(1) + self.biases
        high = largest * weights.clip(min=0).sum(1) + self.biases
        return low.astype(np.int64), high.astype(np.int64)


class Network:
    """An integer network, immutable and inside its bounds.

    The constructor raises ValueError for one that no proof can hold.
    """

    def __init__(self, name: str, planes: int, shift: int, zero: int, layers: Sequence[Layer]) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
            raise ValueError(f"{name!r} is no name for a network: lower-case letters, digits and hyphens, at most 32")
        self.name, self.planes, self.shift, self.zero, self.layers = name, planes, shift, zero, tuple(layers)
        self._check_shapes()
        self._check_bounds()
        self._matrices = [layer.matrix for layer in self.layers]
        self.hash = hashlib.sha256(self.to_bytes()).digest()
        """SHA-256 of the network's file: its identity."""

    @classmethod
    def load(cls, path: Path) -> Network:
        """Reads a network's file. Raises ValueError if it is not exactly one as described above."""
        try:
            with safe_open(path, framework="numpy") as file:
                metadata, tensors = file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if set(metadata) != {"network"}:
                raise ValueError(f"its metadata holds {sorted(metadata)}, not the one key 'network'")
            network = cls._from_tensors(json.loads(metadata["network"]), tensors)
        except (SafetensorError, ValueError) as error:
            raise ValueError(f"{path} is not a network: {error}") from error
        if hashlib.sha256(path.read_bytes()).digest() != network.hash:
            raise ValueError(f"{path} is not a network: not in canonical form")
        return network

    @classmethod
    def _from_tensors(cls, header: Any, tensors: dict[str, NDArray[Any]]) -> Network:
        if not isinstance(header, dict) or set(header) != {"layers", "name", "planes", "shift", "zero"}:
            raise ValueError("its header must hold layers, name, planes, shift and zero")
        if not all(type(header[key]) is int for key in ("planes", "shift", "zero")) or type(header["name"]) is not str:
            raise ValueError("planes, shift and zero must be integers, name a string")
        names = [f"{letter}{index}" for index in range(len(header["layers"])) for letter in "wb"]
        if sorted(names) != sorted(tensors):
            raise ValueError(f"it holds the tensors {sorted(tensors)}, not {names}")
        for name, tensor in tensors.items():
            if tensor.dtype not in (np.int16, np.int32):
                raise ValueError(f"{name} is {tensor.dtype}, not int16 or int32")
        layers = []
        for index, entry in enumerate(header["layers"]):
            if not isinstance(entry, dict) or set(entry) != {"kind", "skip"} or type(entry["skip"]) is not bool:
                raise ValueError(f"layer {index} must have a kind and a skip")
            layers.append(Layer(entry["kind"], entry["skip"], tensors[f"w{index}"], tensors[f"b{index}"]))
        return cls(header["name"], header["planes"], header["shift"], header["zero"], layers)

    @classmethod
    def random(
        cls,
        name: str,
        planes: int,
        channels: int,
        convolutions: int,
        seed: int,
        shift: int,
        zero: int,
        policy_planes: int = 73,
    ) -> Network:
        """An untrained tower for tests and benchmarks: stem, convolutions with a skip every second one, head.

        Weights are such that activations neither die nor saturate, and shrunk where the bounds ask for it.
        """
        generator = np.random.default_rng(seed)
        shapes: list[tuple[int, ...]] = [(channels, channels if n else planes, 3, 3) for n in range(convolutions + 1)]
        shapes.append((policy_planes, channels))
        layers = []
        for index, shape in enumerate(shapes):
            hidden, skip = index <= convolutions, 0 < index <= convolutions and index % 2 == 0
            room = zero - 2 - ACTIVATION_MAX if hidden else score_bound(shift, zero) / (1 << SCORE_BITS + shift) - 1
            weights = generator.normal(size=shape) * (2 / np.prod(shape[1:])) ** 0.5 * (1 if index else 32)
            biases = generator.uniform(-3, 3, shape[0])
            reach = (ACTIVATION_MAX if index else 1) * np.abs(weights).reshape(shape[0], -1).sum(1) + 3
            factor = min(1.0, 0.9 * room / reach.max())
            integers = [np.round(values * factor * (1 << shift)).astype(np.int32) for values in (weights, biases)]
            layers.append(Layer("conv3" if hidden else "conv1", skip, integers[0], integers[1]))
        return cls(name, planes, shift, zero, layers)

    def save(self, path: Path) -> None:
        path.write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The network's file."""
        header = {
            "layers": [{"kind": layer.kind, "skip": layer.skip} for layer in self.layers],
            "name": self.name,
            "planes": self.planes,
            "shift": self.shift,
            "zero": self.zero,
        }
        tensors: dict[str, NDArray[Any]] = {}
        for index, layer in enumerate(self.layers):
            tensors[f"w{index}"] = np.ascontiguousarray(layer.weights)
            tensors[f"b{index}"] = np.ascontiguousarray(layer.biases)
        return save(tensors, {"network": json.dumps(header, sort_keys=True, separators=(",", ":"))})

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Products of a weight and an activation in one evaluation."""
        return sum(64 * layer.weights.size for layer in self.layers)

    @property
    def sum_bound(self) -> int:
        """The largest |y| of a hidden channel that a proof can hold."""
        return (self.zero << self.shift) - (2 << self.shift)

    @property
    def score_bound(self) -> int:
        """The largest |score| that a proof can hold."""
        return score_bound(self.shift, self.zero)

    def ranges(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The smallest and largest y that each channel of a layer can reach for any input, skip included."""
        layer = self.layers[index]
        low, high = layer.reach(ACTIVATION_MAX if index else 1)
        return low, high + ((ACTIVATION_MAX << self.shift) if layer.skip else 0)

    def _check_shapes(self) -> None:
        shift, zero = self.shift, self.zero
        if not 8 <= shift <= 16 or not 128 <= zero <= min(1 << 29 - shift, 1 << 2 * shift - 2):
            limits = "shift must be 8..16, zero 128..2^(29-shift) and at most 2^(2 shift-2)"
            raise ValueError(f"shift {shift} and zero {zero}: {limits}")
        if self.planes < 1 or len(self.layers) < 2:
            raise ValueError("a network needs input planes, a hidden layer and a logit layer")
        inputs, last = [self.planes], len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            if layer.kind not in KERNEL_SHAPES:
                raise ValueError(f"layer {index}: there is no kind {layer.kind!r}")
            expected = (len(layer.biases), inputs[-1], *KERNEL_SHAPES[layer.kind])
            if layer.biases.ndim != 1 or not len(layer.biases) or layer.weights.shape != expected:
                raise ValueError(f"layer {index}: weights are {layer.weights.shape}, expected {expected}")
            if layer.skip and (index < 2 or inputs[index - 1] != len(layer.biases)):
                raise ValueError(f"layer {index}: a skip needs an earlier hidden layer of the same width")
            if index == last and (layer.skip or layer.kind != "conv1"):
                raise ValueError(f"layer {index}: the logit layer is a conv1 without skip")
            if index < last and len(layer.biases) % 8 == 1:
                raise ValueError(f"layer {index}: {len(layer.biases)} channels; the circuit takes no width of 1 mod 8")
            inputs.append(len(layer.biases))
        if 72 * inputs[-1] > 1 << SCORE_BITS:
            raise ValueError(f"layer {last}: {inputs[-1]} policy planes, more than ties can tell apart")

    def _check_bounds(self) -> None:
        for index, layer in enumerate(self.layers):
            hidden = index < len(self.layers) - 1
            bound = self.sum_bound if hidden else self.score_bound - 72 * len(layer.biases) >> SCORE_BITS
            low, high = self.ranges(index)
            for channel in np.flatnonzero((low < -bound) | (high > bound)):
                reach = f"{low[channel]}..{high[channel]}"
                raise ValueError(f"layer {index}, channel {channel}: sums reach {reach}, more than {bound}")

    def logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The logits by policy index, int64 [64 * policy planes], of input planes [planes, 8, 8] of 0 and 1.

        Raises ValueError for other input.
        """
        if planes.shape != (self.planes, 8, 8) or planes.max() > 1:
            raise ValueError(f"the input must be {self.planes} planes of 8 x 8 zeros and ones, not {planes.shape}")
        logits: NDArray[np.int64] = self.batch_logits(planes[None])[0]
        return logits

    def batch_logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """`logits` of many inputs: [n, planes, 8, 8] to int64 [n, 64 * policy planes]."""
        activations = [planes.astype(np.float64)]
        for layer, matrix in zip(self.layers, self._matrices, strict=True):
            x = activations[-1]
            y = matrix @ (patches(x) if layer.kind == "conv3" else x.reshape(*x.shape[:2], 64)) + layer.biases[:, None]
            y = y.reshape(len(planes), -1, 8, 8)
            if layer.skip:
                y += activations[-2] * (1 << self.shift)
            if layer is self.layers[-1]:
                return y.reshape(len(planes), -1).astype(np.int64)
            activations = [activations[-1], requantise(y, self.shift)]
        raise AssertionError("a network has a logit layer")


def narrowed(values: NDArray[np.int32]) -> Integers:
    """The same integers as int16 where all of them fit: what `export` writes, so that a file is half as large.

    A file may hold either; its hash, the network's identity, is of the bytes as they are.
    """
    narrow = values.astype(np.int16)
    return narrow if (narrow == values).all() else values


def requantise(y: NDArray[np.float64], shift: int) -> NDArray[np.float64]:
    """The activations of a hidden layer's sums: clamp(floor((y + 2^(shift-1)) / 2^shift), 0, ACTIVATION_MAX)."""
    x: NDArray[np.float64] = np.floor((y + (1 << shift - 1)) / (1 << shift)).clip(0, ACTIVATION_MAX)
    return x


def patches(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 3x3 neighbourhoods of every square: [n, in, 8, 8] to [n, in * 9, 64], zero off the board."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows: NDArray[np.float64] = sliding_window_view(padded, (3, 3), axis=(2, 3))  # [n, in, rank, file, 3, 3]
    rows: NDArray[np.float64] = windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), -1, 64)
    return rows


def logit_unit(shift: int) -> int:
    """The integer of a logit of 1: finer than 2^shift, the unit of hidden sums, for the bounds leave room for it."""
    return 8 << shift


def score_bound(shift: int, zero: int) -> int:
    """The largest |score| that a circuit with this shift and zero can hold."""
    return (zero << 2 * shift - 1) - (2 << 2 * shift)


def scores(logits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Scores by policy index, 2^13 * logit + tie (`engine.words.tie`): no two are equal."""
    planes, squares = np.divmod(np.arange(len(logits)), 64)
    ranked: NDArray[np.int64] = (logits << SCORE_BITS) + 72 * planes + 72 - (squares + squares // 8)
    return ranked


def default_network() -> Path:
    """The file of the network that is played."""
    return network_file(Path((NETWORKS / "default").read_text().strip()))


def network_file(given: Path) -> Path:
    """A network's file, which may be given by the name of one in NETWORKS: `small`."""
    named = NETWORKS / f"{given}.safetensors"
    return named if not given.is_file() and given == Path(given.name) and named.is_file() else given
