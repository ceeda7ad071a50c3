"""Perceptrons: dense layers with ReLU between them, as networks that the circuit proves.

    network = Network.dense([w0, w1], [b0, b1], bits=8)                 # integers, exactly
    prover = Prover(network, Setup.from_seed(0), cache=Path("data"))
    proof = prover.prove(network.input(x), network.classes, context)    # proof.index // 64 is the class
    prover.write_verifier(Path("Verifier.sol"))

A tower of convolutions evaluates a perceptron on one square. The features' bits stand around that square, b2, and the
stem, a 3x3 convolution, reads all of them at once: bit i of a feature has the feature's weight times 2^i, the sign bit
(two's complement) the negative. That is a dense layer. 1x1 layers follow, which are dense layers on every square. What
they compute on the other 63 squares means nothing and is never read.

    integers        x: features of `bits` bits, signed or not
    hidden layer    y = W x + b     x' = clamp(floor((y + 2^(shift-1)) / 2^shift), 0, 127)
    last layer      y = W x + b     the class is the largest y; of equal ones the last

Public words (`engine.words` has planes and words). All bits of the features in order, feature 0 first and bit 0 of each
first, are cut into threes: number n stands in plane n // 9, rank n % 9 // 3, file n % 3. Class c is plane c of the
bitmap, at b2: bit `CLASS_BIT` of its 72.

What this does not do: weights are public; at most 810 bits of features for ten classes or fewer (101 of 8 bits), for
the circuit holds 35 public words; activations end at 127; one argmax comes out. There is no import of ONNX.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine import policy
from engine.policy import ACTIVATION_MAX, SCORE_BITS, Integers, Layer, requantise, score_bound
from engine.words import bit_words, position

if TYPE_CHECKING:
    from torch import Tensor, nn

CENTRE = 9
"""The square, b2, on which the perceptron is evaluated."""
CLASS_BIT = position(CENTRE)
"""The bit of a class in its plane of the bitmap: 10."""
SLOTS = 9
"""Bits of features a plane holds: the square and its eight neighbours."""
MAX_INT32 = (1 << 31) - 1


class Network(policy.Network):
    """A perceptron as an integer network, immutable and inside its bounds.

    `dense` and `from_torch` make one, `load` reads one. `features`, `bits` and `signed` say what its input is: they are
    not in the file, whose stem must be a dense layer of them (ValueError).
    """

    def __init__(
        self,
        name: str,
        planes: int,
        shift: int,
        zero: int,
        layers: Sequence[Layer],
        features: int | None = None,
        bits: int = 8,
        signed: bool = True,
    ) -> None:
        super().__init__(name, planes, shift, zero, layers)
        self.features, self.bits, self.signed = features or SLOTS * planes // bits, bits, signed
        stem = self.layers[0]
        self._dense = [_first(stem, self.features, bits), *(layer.weights for layer in self.layers[1:])]
        if any(layer.kind != "conv1" or layer.skip for layer in self.layers[1:]) or stem.kind != "conv3":
            raise ValueError("a perceptron is a conv3 stem and conv1 layers without skips")
        expected = _stem(self._dense[0], bits, signed, planes)
        if not np.array_equal(expected, stem.weights):
            kind = "signed" if signed else "unsigned"
            raise ValueError(f"layer 0 is no dense layer of {self.features} {kind} features of {bits} bits")

    @classmethod
    def load(cls, path: Path, features: int | None = None, bits: int = 8, signed: bool = True) -> Network:
        """Reads a network's file. `features` is all that the planes hold if it is not given. Raises ValueError."""
        base = policy.Network.load(path)
        return cls(base.name, base.planes, base.shift, base.zero, base.layers, features, bits, signed)

    @classmethod
    def dense(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        bits: int = 8,
        *,
        signed: bool = True,
        shift: int = 12,
        name: str = "dense",
    ) -> Network:
        """A perceptron of exactly these integers: weights [out, in] and biases [out] of each layer, two at least.

        Hidden sums are divided by 2^shift (8..16). A larger shift is finer and leaves less room: the sums of a hidden
        layer stay below 2^29. Raises ValueError with the layer and the number for what is no integer, or exceeds what
        a proof can hold for any input.
        """
        least = 2 if signed else 1
        if not least <= bits <= 16:
            raise ValueError(f"features have {least} to 16 bits, not {bits}")
        if len(weights) != len(biases) or len(weights) < 2:
            raise ValueError(f"{len(weights)} layers of weights, {len(biases)} of biases: two at least, and as many")
        matrices = [_integers(values, f"layer {n}, weights", 2) for n, values in enumerate(weights)]
        vectors = [_integers(values, f"layer {n}, biases", 1) for n, values in enumerate(biases)]
        features = matrices[0].shape[1]
        for n, (matrix, vector) in enumerate(zip(matrices, vectors, strict=True)):
            inputs = matrices[n - 1].shape[0] if n else features
            if matrix.shape != (len(vector), inputs):
                raise ValueError(f"layer {n}: weights are {matrix.shape}, expected {(len(vector), inputs)}")
        for n in range(len(matrices) - 1):
            if len(vectors[n]) % 8 == 1:  # the circuit takes no such width: a channel that is always 0 fills it up
                matrices[n], vectors[n] = np.pad(matrices[n], ((0, 1), (0, 0))), np.pad(vectors[n], (0, 1))
                matrices[n + 1] = np.pad(matrices[n + 1], ((0, 0), (0, 1)))
        largest = int(np.abs(matrices[0]).max(initial=0)) << bits - 1
        if largest > MAX_INT32:
            raise ValueError(f"layer 0: a weight times 2^{bits - 1} is {largest}, more than 2^31 - 1")
        planes = math.ceil(features * bits / SLOTS)
        layers = [Layer("conv3", False, _stem(matrices[0], bits, signed, planes), vectors[0])]
        layers += [Layer("conv1", False, m, v) for m, v in zip(matrices[1:], vectors[1:], strict=True)]
        return cls(name, planes, shift, _zero(layers, shift), layers, features, bits, signed)

    @classmethod
    def from_torch(
        cls,
        model: nn.Sequential,
        samples: ArrayLike,
        bits: int = 8,
        *,
        signed: bool = True,
        scale: float = 1.0,
        shift: int = 12,
        name: str = "dense",
    ) -> Network:
        """The integers of a trained `torch.nn.Sequential` of Linear and ReLU by turns, Linear first and last.

        samples: typical features, integers [n, features]; the model reads them times `scale`. A layer's
        largest activation on them becomes 127, or less where the sums would take the circuit beyond 2^(shift+2) rows.
        `accuracy` says what the integers are worth. Raises ValueError for another kind of model, or one that does not
        fit.
        """
        weights, biases = _linear(model)
        zero = 1 << shift - 1
        x = np.asarray(samples, np.float64) * scale
        unit = 1 / scale  # integers to a real 1 in what enters the layer
        largest = scale * (1 << bits - 1 if signed else (1 << bits) - 1)
        matrices, vectors = [], []
        for n, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            x = x @ weight.T + bias
            reach = float((np.abs(weight).sum(1) * largest + np.abs(bias)).max())
            if n < len(weights) - 1:
                x = x.clip(0)
                next_unit = min(ACTIVATION_MAX / max(float(x.max(initial=0)), 1e-9), (zero - 6) / max(reach, 1e-9))
                step = next_unit * (1 << shift)
                largest = ACTIVATION_MAX / next_unit
            else:
                next_unit = step = 0.9 * (score_bound(shift, zero) >> SCORE_BITS) / max(reach, 1e-9)
            matrices.append(np.rint(weight * step / unit))
            vectors.append(np.rint(bias * step))
            unit = next_unit
        return cls.dense(matrices, vectors, bits, signed=signed, shift=shift, name=name)

    @property
    def parameters(self) -> int:
        """Weights and biases of the dense layers."""
        return sum(matrix.size + len(matrix) for matrix in self._dense)

    @property
    def classes(self) -> list[int]:
        """The classes by index, 64 * class + square: what `Prover.prove` takes, or those of them that are allowed."""
        return [64 * c + CENTRE for c in range(len(self.layers[-1].biases))]

    def input(self, x: ArrayLike) -> NDArray[np.uint8]:
        """The input planes [planes, 8, 8] of features, integers [features]. Raises ValueError with the number."""
        bits = np.zeros(SLOTS * self.planes, np.uint8)
        values = self._features(np.asarray(x)[None])[0]
        bits[: self.features * self.bits] = (values[:, None] >> np.arange(self.bits) & 1).reshape(-1)
        planes = np.zeros((self.planes, 8, 8), np.uint8)
        planes[:, :3, :3] = bits.reshape(-1, 3, 3)
        return planes

    def input_words(self, x: ArrayLike) -> list[int]:
        """The public words of features, as a contract builds them."""
        return bit_words(np.flatnonzero(self.input(x)).tolist(), self.planes)

    def class_logits(self, x: ArrayLike) -> NDArray[np.int64]:
        """The integer logits [n, classes] of features [n, features], exactly those that are proven."""
        values = self._features(np.asarray(x)).astype(np.float64)
        for weights, layer in zip(self._dense, self.layers, strict=True):
            values = values @ weights.T.astype(np.float64) + layer.biases
            if layer is not self.layers[-1]:
                values = requantise(values, self.shift)
        return values.astype(np.int64)

    def classify(self, x: ArrayLike) -> NDArray[np.int64]:
        """The classes [n] of features [n, features]: the largest logit, of equal ones the last."""
        logits = self.class_logits(x)
        chosen: NDArray[np.int64] = logits.shape[1] - 1 - logits[:, ::-1].argmax(1)
        return chosen

    def accuracy(self, x: ArrayLike, labels: ArrayLike) -> float:
        """The share of features [n, features] whose class is the label [n]: of the integers that are proven."""
        return float((self.classify(x) == np.asarray(labels)).mean())

    def _features(self, x: NDArray[Any]) -> NDArray[np.int64]:
        low = -(1 << self.bits - 1) if self.signed else 0
        high = low + (1 << self.bits) - 1
        if x.ndim != 2 or x.shape[1] != self.features:
            raise ValueError(f"the input is {self.features} features, not {x.shape[1:] if x.ndim > 1 else x.shape}")
        if x.dtype.kind not in "iu" and not np.array_equal(x, np.rint(x)):
            raise ValueError(f"features are integers, not {x[x != np.rint(x)][0]}")
        if x.size and not (low <= x.min() and x.max() <= high):
            n, feature = np.argwhere((x < low) | (x > high))[0]
            raise ValueError(f"feature {feature} is {x[n, feature]}; it must be {low} to {high}")
        return x.astype(np.int64)


def _integers(values: ArrayLike, what: str, dimensions: int) -> NDArray[np.int32]:
    array = np.asarray(values)
    if array.ndim != dimensions or not array.size:
        raise ValueError(f"{what}: {dimensions} dimensions are expected, not the shape {array.shape}")
    if array.dtype.kind not in "iuf" or not np.array_equal(array, np.rint(array)):
        odd = array[array != np.rint(array)][0] if array.dtype.kind == "f" else array.dtype
        raise ValueError(f"{what}: integers are expected, not {odd}")
    if np.abs(array).max() > MAX_INT32:
        raise ValueError(f"{what}: {array.flat[np.abs(array).argmax()]} is no integer of 32 bits")
    return array.astype(np.int32)


def _stem(weights: Integers, bits: int, signed: bool, planes: int) -> NDArray[np.int32]:
    """Weights [out, features] as a stem [out, planes, 3, 3]."""
    powers = 1 << np.arange(bits, dtype=np.int64)
    if signed:
        powers[-1] *= -1
    slots = np.zeros((len(weights), SLOTS * planes), np.int64)
    slots[:, : weights.shape[1] * bits] = (weights.astype(np.int64)[:, :, None] * powers).reshape(len(weights), -1)
    return slots.astype(np.int32).reshape(-1, planes, 3, 3)


def _first(stem: Layer, features: int, bits: int) -> Integers:
    """The dense weights [out, features] of a stem: those of each feature's bit 0."""
    slots = stem.weights.reshape(len(stem.weights), -1)
    if not 0 < features * bits <= slots.shape[1]:
        raise ValueError(f"{features} features of {bits} bits do not fit into {slots.shape[1]} slots")
    first: Integers = slots[:, : features * bits : bits]
    return first


def _zero(layers: Sequence[Layer], shift: int) -> int:
    """The smallest zero point with which the circuit holds all sums, 128 at least; too small if none does."""
    needed = 128
    for n, layer in enumerate(layers):
        low, high = layer.reach(ACTIVATION_MAX if n else 1)
        reach = int(max(-low.min(), high.max(), 0))
        if n < len(layers) - 1:
            needed = max(needed, -(-reach >> shift) + 3)
        else:
            score = (reach << SCORE_BITS) + (72 * len(layer.biases) << 1)
            needed = max(needed, (score >> 2 * shift - 1) + 6)
    return min(needed, 1 << 29 - shift, 1 << 2 * shift - 2)


def _linear(model: nn.Sequential) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Weights and biases of Linear and ReLU by turns."""
    names = [type(module).__name__ for module in model]
    if len(names) < 3 or names != ["Linear", "ReLU"] * (len(names) // 2) + ["Linear"]:
        raise ValueError(f"the model must be Linear, ReLU, ..., Linear with a hidden layer, not {', '.join(names)}")

    def array(tensor: Tensor | None, size: int) -> NDArray[np.float64]:
        return np.zeros(size) if tensor is None else tensor.detach().cpu().double().numpy()

    linear: list[Any] = [module for module in model if type(module).__name__ == "Linear"]
    weights = [array(module.weight, 0) for module in linear]
    return weights, [array(module.bias, module.out_features) for module in linear]
