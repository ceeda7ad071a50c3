"""Proofs of a network's choice: the Halo2 circuit of `engine/halo2` behind a small interface.

prover = Prover(default_network(), Setup.from_seed(0), cache=Path("data"))
proof = prover.prove(planes(board, repeated=False), legal_indices(board), context)
assert prover.verify(proof.words, proof.proof)

For a perceptron of your own, `network.input(x)` and `network.classes` take the place of planes and legal moves: see
`engine.dense`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import _halo2
from engine.policy import Network, logit_unit
from engine.proof import Progress, Proof, ProofCancelled
from engine.setup import Setup
from engine.words import words_of

__all__ = ["Progress", "Proof", "ProofCancelled", "Prover"]


class Prover:
    """Proves and verifies the choices of one network, or of one network's file, under one setup.

    Making one takes seconds: the keys are derived. The setup is made, or read from `cache`. `progress` is called with
    "setup" and "keys". Raises ValueError for a bad network or setup, MemoryError if too little memory is free, and
    OSError if the cache cannot be written.
    Threads may share a prover; native calls release the interpreter's lock. Do not fork after making one.
    """

    def __init__(self, network: Path | Network, setup: Setup, cache: Path, progress: Progress | None = None) -> None:
        report = progress or (lambda step, fraction: None)
        report("setup", 0.0)
        self.setup = setup
        self._network = _halo2.Network(network.read_bytes() if isinstance(network, Path) else network.to_bytes())
        self.network_hash = self._network.hash
        self.k = self._network.k
        self.rows = self._network.rows
        self.parameters = self._network.parameters
        self.logit_unit = logit_unit(self._network.shift)
        parameters = setup.parameters(self.k, cache)
        report("keys", 0.3)
        self._keys = _halo2.Keys.derive(self._network, parameters)
        self.verifying_key_hash = self._keys.hash
        report("keys", 1.0)

    def logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The logits by policy index, shape (64 * policy planes,), of input planes of shape (planes, 8, 8)."""
        return np.frombuffer(self._network.logits(_input(planes)), dtype="<i8").astype(np.int64)

    def prove(
        self,
        planes: NDArray[np.uint8],
        legal: Iterable[int],
        context: int,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Proof:
        """Proves which of the legal moves (or allowed classes), given by index, has the highest score.

        `progress` is called with "witness", "commitments", "quotient" and "opening"; `cancelled` is asked at the same
        moments. Raises ProofCancelled, ValueError for planes, moves or a context that make no sense, or MemoryError if
        too little memory is free.
        """
        if not 0 <= context < 1 << 256:
            raise ValueError(f"context {context} is no word of 256 bits")

        def observe(step: str, fraction: float) -> bool:
            if progress is not None:
                progress(step, fraction)
            return cancelled is None or not cancelled()

        start = time.perf_counter()
        try:
            index, words, proof = self._keys.prove(_input(planes), list(legal), context.to_bytes(32, "big"), observe)
        except _halo2.ProofCancelled:
            raise ProofCancelled from None
        seconds = time.perf_counter() - start
        bitmap_words = len(words) - 1 - words_of(len(planes))
        return Proof(index, [int.from_bytes(word, "big") for word in words], proof, seconds, bitmap_words)

    def verify(self, words: Sequence[int], proof: bytes) -> bool:
        """Whether a proof is valid for these public words. False, and no error, for anything malformed."""
        if not all(0 <= word < 1 << 256 for word in words):
            return False
        return self._keys.verify([word.to_bytes(32, "big") for word in words], proof)

    def verifier_source(self) -> str:
        """Solidity of the verifier: calldata is the words (32 bytes each), then the proof; reverts if invalid."""
        label = "// INSECURE setup, made from a seed: for local chains only.\n" if self.setup.insecure else ""
        return label + self._keys.solidity()

    def write_verifier(self, path: Path) -> None:
        """Writes the verifier's Solidity source."""
        path.write_text(self.verifier_source())


def _input(planes: NDArray[np.uint8]) -> bytes:
    if planes.ndim != 3 or planes.shape[1:] != (8, 8) or planes.dtype != np.uint8:
        raise ValueError(f"input planes are uint8 of shape (planes, 8, 8), not {planes.dtype} of {planes.shape}")
    return planes.tobytes()
