"""Networks and an evaluation for tests: random shapes, weights up to the bounds, the definition in plain integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.encoding import INPUT_PLANES, POLICY_PLANES
from engine.policy import Layer, Network


def shaped_network(
    seed: int, shift: int, zero: int, shapes: list[tuple[int, int, bool]], size: float, planes: int = INPUT_PLANES
) -> Network:
    """shapes: (channels, kernel 1 or 3, skip) of each layer; size: the largest weight, as a real number."""
    rng = np.random.default_rng(seed)
    one, layers, inputs = 1 << shift, [], planes
    for channels, kernel, skip in shapes:
        shape = (channels, inputs) + ((3, 3) if kernel == 3 else ())
        weights = rng.integers(-int(size * one), int(size * one), shape, dtype=np.int32, endpoint=True)
        biases = rng.integers(-3 * one, 3 * one, channels, dtype=np.int32)
        layers.append(Layer("conv3" if kernel == 3 else "conv1", skip, weights, biases))
        inputs = channels
    return Network("tiny", planes, shift, zero, layers)


def random_network(seed: int, k: int = 14) -> Network:
    """A random network for chess, of about 2^k rows: any widths, kernels and skips, some channels at the bounds."""
    rng = np.random.default_rng(seed)
    shift = int(rng.integers(8, k - 1))
    zero = int(rng.integers(160, 1 + min(1 << 29 - shift, 1 << 2 * shift - 2, 1 << k - 5)))
    # The circuit's rows: tables, 72 a policy plane, 36 a channel and layer.
    room = ((1 << k) - (1 << shift) - 4 * zero - 72 * POLICY_PLANES) // 36
    widths = [INPUT_PLANES]
    while len(widths) < 2 or (rng.random() < 0.8 and sum(widths) + len(widths) + 30 < room):
        widths.append(widths[-1] if rng.random() < 0.6 and len(widths) > 2 else int(rng.integers(2, 25)))
        widths[-1] += widths[-1] % 8 == 1
    widths.append(POLICY_PLANES)
    bounds = Network("bounds", 1, shift, zero, [_layer("conv1", 2, 1), _layer("conv1", 1, 2)])
    layers = []
    for index in range(len(widths) - 1):
        hidden = index < len(widths) - 2
        kind = "conv3" if hidden and rng.random() < 0.7 else "conv1"
        skip = hidden and index >= 2 and widths[index - 1] == widths[index + 1] and bool(rng.random() < 0.6)
        limit = bounds.sum_bound if hidden else bounds.score_bound - 72 * POLICY_PLANES >> 13
        layer = _layer(kind, widths[index + 1], widths[index])
        reach = (127 if index else 1) * layer.weights[0].size
        room_of_sums = limit - (127 << shift if skip else 0)
        for channel in range(len(layer.biases)):
            # Of all sizes: dying, lively, and as large as the bound allows.
            largest = min(room_of_sums / reach * 0.9, (1 << shift) * rng.choice([0.02, 0.2, 2.0, 1e9]))
            weights = np.rint(rng.uniform(-largest, largest, layer.weights[0].shape))
            layer.weights[channel] = weights
            slack = room_of_sums - (127 if index else 1) * int(np.abs(weights).sum())
            layer.biases[channel] = int(rng.integers(-slack, slack, endpoint=True) * rng.choice([0.01, 0.1, 1.0]))
        layers.append(Layer(layer.kind, skip, layer.weights, layer.biases))
    return Network(f"random-{seed}", INPUT_PLANES, shift, zero, layers)


def _layer(kind: str, outputs: int, inputs: int) -> Layer:
    shape = (outputs, inputs, 3, 3) if kind == "conv3" else (outputs, inputs)
    zeros = np.zeros(outputs, np.int32)
    return Layer("conv3" if kind == "conv3" else "conv1", False, np.zeros(shape, np.int32), zeros)


def exact_logits(network: Network, planes: NDArray[np.uint8]) -> list[int]:
    """The logits by the definition in engine/policy.py, in 64-bit integers and loops."""
    x = planes.astype(np.int64)
    entered = []
    for layer in network.layers:
        entered.append(x)
        kernel = layer.weights.astype(np.int64).reshape(*layer.weights.shape[:2], *layer.weights.shape[2:] or (1, 1))
        reach = kernel.shape[2] // 2
        y = np.zeros((len(layer.biases), 8, 8), np.int64) + layer.biases[:, None, None]
        for rank in range(8):
            for file in range(8):
                for dr in range(-reach, reach + 1):
                    for df in range(-reach, reach + 1):
                        if 0 <= rank + dr < 8 and 0 <= file + df < 8:
                            y[:, rank, file] += kernel[:, :, dr + reach, df + reach] @ x[:, rank + dr, file + df]
        if layer.skip:
            y += entered[-2] << network.shift
        x = np.clip((y + (1 << network.shift - 1)) >> network.shift, 0, 127)
    return [int(logit) for logit in y.reshape(-1)]
