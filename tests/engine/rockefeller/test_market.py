"""The simulated market."""

from __future__ import annotations

import numpy as np

from engine.rockefeller.market import STEPS, Market


def test_the_same_seed_is_the_same_market() -> None:
    one, same, other = (Market.simulated(seed, 50).ticks for seed in (1, 1, 2))
    assert one.shape == (50, STEPS)
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert np.array_equal(Market.simulated(1, 30).ticks[0], Market.simulated(1, 30).ticks[0])


def test_moves_are_of_a_market_s_size() -> None:
    hours = Market.simulated(3, 3000).hours()
    moves = np.diff(hours.closes)
    assert 40 < moves.std() < 200
    assert np.abs(moves).max() > 4 * moves.std()  # heavy tails
