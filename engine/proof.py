"""A proof, as both provers give it: `engine.prover` (native) and `engine.ezkl_prover` (the baseline)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, float], None]
"""Called with the step at hand and the fraction of the whole that is done."""


class ProofCancelled(Exception):  # noqa: N818 (nothing went wrong)
    """A proof was cancelled."""


@dataclass(frozen=True)
class Proof:
    """A proven output: its index, 64 * plane + square. `words` are the public words: of the native prover the bitmap,
    the input and the context."""

    index: int
    words: list[int]
    proof: bytes
    seconds: float
    bitmap_words: int = 0
    """How many of the words are the bitmap; the baseline has none."""

    @property
    def bitmap(self) -> list[int]:
        """The words of the outputs at or above the threshold."""
        return self.words[: self.bitmap_words]
