"""A simulated market, for tests and demonstrations: a price that wanders in bursts, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.rockefeller.hours import Hours

STEPS = 6
"""Moves of the price within an hour."""
CALM = 80.0
"""Typical move of a calm hour, in ticks."""


@dataclass(frozen=True)
class Market:
    """Ticks [hours, STEPS]: the price from each moment to the next, the first from the hour's boundary on."""

    ticks: NDArray[np.int64]

    @classmethod
    def simulated(cls, seed: int, hours: int, start: int = 78_000) -> Market:
        """Volatility comes in bursts (GARCH(1,1) by hours), and moves have heavy tails, as such prices have."""
        generator = np.random.default_rng(seed)
        variance, scale = CALM**2, np.empty(hours)
        for hour in range(hours):
            scale[hour] = variance**0.5
            shock = scale[hour] * generator.standard_t(5) * 0.7746  # of variance 1
            variance = 0.05 * CALM**2 + 0.10 * min(shock**2, 100 * CALM**2) + 0.85 * variance
        moves = generator.standard_t(5, (hours, STEPS)) * 0.7746 * (scale / STEPS**0.5)[:, None]
        return cls(start + np.rint(moves.cumsum().reshape(hours, STEPS)).astype(np.int64))

    def hours(self) -> Hours:
        """The hours as a pool would remember them."""
        means = np.floor_divide(self.ticks.sum(1), STEPS)
        return Hours(0, means[:-1], self.ticks[1:, 0])
