"""The integer network evaluated by the prover's Rust code: exactly the logits of `engine.policy`, in less time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from engine import _halo2
from engine.policy import Network


class NativeNetwork:
    """Evaluates a network natively. Threads may share it; native calls release the interpreter's lock."""

    def __init__(self, network: Network) -> None:
        self.name, self.hash, self.planes = network.name, network.hash, network.planes
        self._network = _halo2.Network(network.to_bytes())

    def logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """`Network.logits`: int64 [64 * policy planes] of planes [planes, 8, 8]. Raises ValueError for other input."""
        if planes.shape != (self.planes, 8, 8) or planes.dtype != np.uint8 or planes.max() > 1:
            expected = f"{self.planes} planes of 8 x 8 zeros and ones (uint8)"
            raise ValueError(f"the input must be {expected}, not {planes.dtype} of {planes.shape}")
        return np.frombuffer(self._network.logits(planes.tobytes()), dtype="<i8").astype(np.int64)

    def batch_logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """`Network.batch_logits` on all cores: [n, planes, 8, 8] to int64 [n, 64 * policy planes]."""
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            return np.stack(list(pool.map(self.logits, planes)))
