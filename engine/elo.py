"""An Elo rating from matches against opponents of known rating, by maximum likelihood.

A player rated R scores E(R) = 1 / (1 + 10^((opponent - R) / 400)) points a game on average (Elo, 1978). The estimate is
the R at which the expected points of all games equal the points scored: where sum (s log E + (1 - s) log (1 - E)) over
the games, s the points of a game, is largest. The interval holds every R whose log-likelihood is at most 1.92 below
that (95%, by Wilks' theorem). A draw counts as half a win and half a loss; games with draws vary less than that, so the
interval is rather too wide than too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

DROP = 1.92
"""Half the 95% quantile of chi-square with one degree of freedom."""
LOWEST, HIGHEST = -4000.0, 8000.0


@dataclass(frozen=True)
class Result:
    """A match: the opponent's rating, points scored and games played."""

    opponent: float
    points: float
    games: int


@dataclass(frozen=True)
class Estimate:
    """A rating and its 95% interval; None where the results set no bound: no point, or all of them, was scored."""

    elo: float | None
    low: float | None
    high: float | None


def expected(elo: float, opponent: float) -> float:
    """Points a game that a player of this rating scores on average."""
    return 1 / (1 + 10 ** ((opponent - elo) / 400))


def estimate(results: Sequence[Result]) -> Estimate:
    """The rating that fits the results best. Raises ValueError for no games, or points that games cannot give."""
    games, points = sum(result.games for result in results), sum(result.points for result in results)
    if not games or any(not 0 <= result.points <= result.games for result in results):
        raise ValueError(f"no rating follows from {points:g} points in {games} games")

    def likelihood(elo: float) -> float:
        return sum(_log_likelihood(result, elo) for result in results)

    if points in (0, games):
        # The likelihood is largest, 0, at an end of the scale: only the other end is bounded.
        low = None if points == 0 else _root(lambda elo: likelihood(elo) + DROP)
        high = None if points else _root(lambda elo: -likelihood(elo) - DROP)
        return Estimate(None, low, high)
    elo = _root(lambda elo: sum(result.games * expected(elo, result.opponent) for result in results) - points)
    floor = likelihood(elo) - DROP
    low = _root(lambda x: likelihood(min(x, elo)) - floor if x < elo else 1)
    high = _root(lambda x: floor - likelihood(max(x, elo)) if x > elo else -1)
    return Estimate(elo, low, high)


def _log_likelihood(result: Result, elo: float) -> float:
    exponent = (result.opponent - elo) / 400 * math.log(10)
    lost = result.games - result.points
    return -result.points * _log_one_plus_exp(exponent) - lost * _log_one_plus_exp(-exponent)


def _log_one_plus_exp(x: float) -> float:
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def _root(rising: Callable[[float], float]) -> float:
    """Where a function that rises from below 0 to above crosses it, to a hundredth."""
    low, high = LOWEST, HIGHEST
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
