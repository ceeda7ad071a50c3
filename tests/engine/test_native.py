"""The native evaluation gives the logits of the numpy one, and refuses the same input."""

from __future__ import annotations

import numpy as np
import pytest

from engine.native import NativeNetwork
from engine.policy import SCORE_BITS, Layer, Network, narrowed, score_bound

NETWORK = Network.random("tiny", 15, 16, 3, seed=1, shift=12, zero=512)
PLANES = np.random.default_rng(2).integers(0, 2, (40, 15, 8, 8), dtype=np.uint8)


def test_logits_are_the_same() -> None:
    native = NativeNetwork(NETWORK)
    assert (native.batch_logits(PLANES) == NETWORK.batch_logits(PLANES)).all()
    assert (native.logits(PLANES[3]) == NETWORK.logits(PLANES[3])).all()
    assert (native.name, native.hash) == (NETWORK.name, NETWORK.hash)


def at_the_bounds(channels: int, reaching: int, sign: int) -> Network:
    """A network whose every sum can reach its bound, upwards or downwards, by weights up to `reaching`.

    Its biases are at the other bound where the weights are large enough: a product without its bias leaves int32.
    """
    shift, zero = 16, 1 << 13
    generator = np.random.default_rng(channels)
    hidden = (zero << shift) - (2 << shift)
    logit = score_bound(shift, zero) - 72 * 73 >> SCORE_BITS
    shapes = [(channels, 15, 3, 3), *[(channels, channels, 3, 3)] * 4, (73, channels)]
    layers = []
    for index, shape in enumerate(shapes):
        skip, bound = index in (2, 4), logit if index == 5 else hidden
        room = 2 * bound - ((127 << shift) if skip else 0)
        terms = int(np.prod(shape[1:])) * (127 if index else 1)
        weights = np.full(shape, min(reaching, room // terms), np.int32)
        weights[1::2] *= generator.choice([-1, 1], weights[1::2].shape).astype(np.int32)
        weights *= sign
        flat = weights.reshape(shape[0], -1).astype(np.int64) * (127 if index else 1)
        low, high = flat.clip(max=0).sum(1), flat.clip(min=0).sum(1) + ((127 << shift) if skip else 0)
        biases = -bound - low if sign > 0 else bound - high
        if index < 5:  # else no activation would be above 0
            biases[::3] = (bound - high)[::3]
        layers.append(Layer("conv3" if index < 5 else "conv1", skip, narrowed(weights), biases.astype(np.int32)))
    return Network("extreme", 15, shift, zero, layers)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("reaching", [1, 32767, 32768, 1 << 30])
@pytest.mark.parametrize("channels", [2, 7, 13])
def test_logits_are_the_same_at_the_bounds(channels: int, reaching: int, sign: int) -> None:
    network = at_the_bounds(channels, reaching, sign)
    ends = np.stack((np.zeros_like(PLANES[0]), np.ones_like(PLANES[0])))
    planes = np.concatenate((ends, PLANES))
    expected = network.batch_logits(planes)
    assert (NativeNetwork(network).batch_logits(planes) == expected).all()


@pytest.mark.parametrize("planes", [PLANES[0, :14], PLANES[0].astype(np.int64), PLANES[0] * 2, PLANES])
def test_other_input_is_refused(planes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="15 planes of 8 x 8 zeros and ones"):
        NativeNetwork(NETWORK).logits(planes)
