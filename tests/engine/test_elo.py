"""Ratings from matches: known cases, the interval's coverage, and results that set no bound."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.elo import Result, estimate, expected


def test_known_cases() -> None:
    assert estimate([Result(1500, 50, 100)]).elo == pytest.approx(1500, abs=0.1)
    assert estimate([Result(1500, 75, 100)]).elo == pytest.approx(1500 + 190.85, abs=0.1)
    assert expected(1700, 1500) == pytest.approx(0.7597, abs=1e-4)


def test_matches_are_weighed_together() -> None:
    true = 1640
    results = [Result(elo, 200 * expected(true, elo), 200) for elo in (1320, 1500, 1700, 1850)]
    found = estimate(results)
    assert found.elo == pytest.approx(true, abs=0.1)
    assert found.low is not None and found.high is not None and found.low < true < found.high
    one = estimate(results[:1])
    assert one.low is not None and one.high is not None and one.high - one.low > found.high - found.low


def test_the_interval_holds_the_true_rating_nearly_always() -> None:
    chance, held = random.Random(1), 0
    for _ in range(300):
        true = chance.uniform(1200, 1900)
        results = [
            Result(elo, sum(chance.random() < expected(true, elo) for _ in range(60)), 60) for elo in (1320, 1500, 1700)
        ]
        found = estimate(results)
        held += (found.low is None or found.low <= true) and (found.high is None or true <= found.high)
    assert 0.92 <= held / 300 <= 0.98


def test_all_or_nothing_bounds_one_side() -> None:
    lost, won = estimate([Result(1320, 0, 20)]), estimate([Result(1320, 20, 20)])
    assert (lost.elo, lost.low, won.elo, won.high) == (None, None, None, None)
    assert lost.high is not None and lost.high < 1320
    assert won.low is not None and won.low > 1320


@given(st.lists(st.tuples(st.integers(1000, 3000), st.integers(0, 40)), min_size=1, max_size=5))
def test_a_better_result_is_a_higher_rating(matches: list[tuple[int, int]]) -> None:
    results = [Result(elo, points / 2, 21) for elo, points in matches]
    better = [Result(results[0].opponent, results[0].points + 0.5, 21), *results[1:]]
    first, second = estimate(results), estimate(better)
    assert second.elo is not None and (first.elo is None or first.elo < second.elo)
    assert second.low is not None and second.high is not None and second.low < second.elo < second.high


@pytest.mark.parametrize("results", [[], [Result(1500, 0, 0)], [Result(1500, 3, 2)], [Result(1500, -1, 2)]])
def test_impossible_results_are_refused(results: list[Result]) -> None:
    with pytest.raises(ValueError, match="no rating follows from"):
        estimate(results)
