"""The native evaluation gives the logits of the numpy one, and refuses the same input."""

from __future__ import annotations

import numpy as np
import pytest

from engine.native import NativeNetwork
from engine.policy import Network

NETWORK = Network.random("tiny", 15, 16, 3, seed=1, shift=12, zero=512)
PLANES = np.random.default_rng(2).integers(0, 2, (40, 15, 8, 8), dtype=np.uint8)


def test_logits_are_the_same() -> None:
    native = NativeNetwork(NETWORK)
    assert (native.batch_logits(PLANES) == NETWORK.batch_logits(PLANES)).all()
    assert (native.logits(PLANES[3]) == NETWORK.logits(PLANES[3])).all()
    assert (native.name, native.hash) == (NETWORK.name, NETWORK.hash)


@pytest.mark.parametrize("planes", [PLANES[0, :14], PLANES[0].astype(np.int64), PLANES[0] * 2, PLANES])
def test_other_input_is_refused(planes: np.ndarray) -> None:
    with pytest.raises(ValueError, match="15 planes of 8 x 8 zeros and ones"):
        NativeNetwork(NETWORK).logits(planes)
