"""The integer network as an ONNX graph that ezkl reads.

ezkl computes with integers that carry a scale. Here every activation has the scale `shift`: the integer n stands for
the real number n / 2^shift, and weights are integers at scale 0. A hidden layer is then, in reals and in ONNX,

    y  = W x + b + 1/2 (+ 2^shift x_skip)
    f  = floor(y)                               exact: ezkl writes y in base 2^shift and drops the last digit
    x' = clamp(f / 2^shift, 0, 127 / 2^shift)

which is engine/policy.py's layer. ezkl's own division leaves the prover one unit of freedom: the quotient q of n by d
need only satisfy |n - q d| < d. A multiple of d, as f is, has exactly one such q; so the floor comes first.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

from engine.policy import ACTIVATION_MAX, Network

EXACT = 1 << 24
"""Integers up to this are exact in the 32-bit floats that ezkl reads constants through."""
SQUARES = 64


def to_onnx(network: Network) -> onnx.ModelProto:
    """The network as an ONNX graph in reals: input (1, 64 * planes + 1), the last being the context, which is not read.

    As far as its floats are exact, any ONNX runtime computes the integer network with it (logits divided by 2^shift).
    """
    unit = 2.0**-network.shift
    initializers: list[TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def constant(values: ArrayLike, kind: type = np.float32) -> str:
        initializers.append(numpy_helper.from_array(np.asarray(values).astype(kind), f"c{len(initializers)}"))
        return initializers[-1].name

    def apply(operator: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, [f"n{len(nodes)}"], **attributes))
        return str(nodes[-1].output[0])

    bits = network.planes * SQUARES
    x = apply("Slice", "input", *(constant([bound], np.int64) for bound in (0, bits, 1)))
    x = apply("Reshape", x, constant([1, network.planes, 8, 8], np.int64))
    entered: list[str] = []
    for number, layer in enumerate(network.layers):
        if np.abs(layer.weights).max() >= EXACT:
            raise ValueError(
                f"layer {number}: {np.abs(layer.weights).max()} is a weight; this prover takes less than 2^24"
            )
        entered.append(x)
        kernel = layer.weights if layer.kind == "conv3" else layer.weights[:, :, None, None]
        y = apply("Conv", x, constant(kernel), pads=[kernel.shape[2] // 2] * 4, strides=[1, 1], dilations=[1, 1])
        hidden = number + 1 < len(network.layers)
        biases = layer.biases.astype(np.int64) + (1 << network.shift - 1 if hidden else 0)
        high = biases // EXACT * EXACT  # in two parts, either of which a 32-bit float holds
        for part in (biases - high, high):
            if part.any():
                y = apply("Add", y, constant((part * unit).reshape(1, -1, 1, 1)))
        if layer.skip:
            y = apply("Add", y, apply("Mul", entered[number - 1], constant(2.0**network.shift)))
        if hidden:
            quotient = apply("Mul", apply("Floor", y), constant(unit))
            x = apply("Min", apply("Max", quotient, constant(0.0)), constant(ACTIVATION_MAX * unit))
        else:
            x = apply("Reshape", y, constant([1, -1], np.int64))
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, bits + 1])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, outputs(network)])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def outputs(network: Network) -> int:
    """How many logits the network has."""
    return SQUARES * len(network.layers[-1].biases)


def legs(network: Network) -> int:
    """How many digits base 2^shift hold every sum that is rounded, for any input."""
    ranges = [network.ranges(number) for number in range(len(network.layers) - 1)]
    largest = max(int(max(-low.min(), high.max())) for low, high in ranges) + (1 << network.shift - 1)
    return max(2, math.ceil(largest.bit_length() / network.shift))
