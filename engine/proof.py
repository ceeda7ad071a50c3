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
    """A proven move, by policy index. `words` are the public words: of the native prover bitmap, board and context."""

    index: int
    words: list[int]
    proof: bytes
    seconds: float

    @property
    def bitmap(self) -> list[int]:
        """The 25 words of the bitmap."""
        return self.words[:25]
