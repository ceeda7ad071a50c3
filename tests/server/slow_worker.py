"""A worker whose prover takes its time and proves nothing: `python -m tests.server.slow_worker SECONDS`.

The settings come from the environment.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine import encoding
from engine.proof import Proof, ProofCancelled
from server.processes import worker
from server.settings import Settings

TICK = 0.05


class SlowProver:
    """Plays the legal move with the highest policy index, after `seconds`; `at_tick` may interfere."""

    network_hash = verifying_key_hash = b"\x22" * 32
    k = 15
    logit_unit = 1 << 16
    setup = SimpleNamespace(insecure=True)

    def __init__(self, seconds: float, at_tick: Callable[[int], None] = lambda _: None) -> None:
        self.seconds = seconds
        self.at_tick = at_tick

    def logits(self, _: Any) -> Any:
        return np.arange(4672, dtype=np.int64)

    def prove(
        self,
        _: Any,
        legal: Iterable[int],
        context: int,
        progress: Callable[[str, float], None],
        cancelled: Callable[[], bool],
    ) -> Proof:
        for tick in range(int(self.seconds / TICK)):
            if cancelled():
                raise ProofCancelled
            self.at_tick(tick)
            progress("quotient", tick * TICK / self.seconds)
            time.sleep(TICK)
        index = max(legal)
        return Proof(index, [*encoding.bitmap_words([index]), *[0] * 5, context], b"\xab" * 64, self.seconds)


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    worker.make_prover = lambda *_: SlowProver(float(sys.argv[1]))  # type: ignore[assignment, return-value]
    worker.run(Settings.load())
