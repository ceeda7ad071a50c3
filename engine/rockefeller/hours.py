"""Hours of a price as the vault's network reads and predicts them: features, buckets, and the data that they come from.

A tick is a factor of 1.0001 in the price, about a basis point. The contract's mean ticks are a pool's (`IHours.sol`);
those of a file of prices are made from what it knows of an hour. Both become features by the same rule.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

HOUR = 3600
FEATURES = 36
STEP = 4
"""Ticks a step of a feature."""
FEATURE_MAX = 127
BOUNDS = (-120, -80, -40, -20, -8, 0, 8, 20, 40, 80, 120)
"""Bounds of the 12 buckets, in ticks: 2, 5, 10, 20 and 30 USD, as the original had them, at a price of 2,500 USD."""
BUCKETS = len(BOUNDS) + 1
PARTS = (0.10, 0.05, 0.025, 0.025, 0, 0)
"""What part of a token the vault gives, from an outermost bucket (0 sells, 11 buys) inwards."""
EDGE = 200
"""Ticks by which an hour's highest and lowest price may exceed its ends; what lies beyond is a fault of the data."""


@dataclass(frozen=True)
class Hours:
    """Successive hours. `start`: of the first, Unix seconds. Ticks [n]: `means` of each hour, `closes` at its end."""

    start: int
    means: NDArray[np.int64]
    closes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.means)

    def examples(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """What the network would have been asked: features [m, 36], bucket [m] and move [m], in ticks.

        Example i is decided at the end of hour FEATURES + i. Its move is that of the hour which then begins: from the
        price at that moment to the price an hour later. All features are known by then.
        """
        windows = np.lib.stride_tricks.sliding_window_view(self.means, FEATURES + 1)[:-1]
        moves = np.diff(self.closes)[FEATURES:]
        return features(windows), buckets(moves), moves


def features(means: ArrayLike) -> NDArray[np.int64]:
    """Features [..., 36] of the mean ticks [..., 37] of successive hours, the oldest first, as `Hours.sol` has them.

    clamp(floor((difference + 2) / 4), -127, 127): steps of 4 ticks, to the nearest, halves up.
    """
    ticks = np.asarray(means, np.int64)
    steps = np.floor_divide(ticks[..., 1:] - ticks[..., :-1] + STEP // 2, STEP)
    clamped: NDArray[np.int64] = np.clip(steps, -FEATURE_MAX, FEATURE_MAX)
    return clamped


def buckets(moves: ArrayLike) -> NDArray[np.int64]:
    """The buckets, 0..11, of moves in ticks: bucket b holds BOUNDS[b - 1] <= move < BOUNDS[b]."""
    numbers: NDArray[np.int64] = np.digitize(np.asarray(moves), BOUNDS).astype(np.int64)
    return numbers


def part(bucket: int) -> float:
    """What part of the token that it gives the vault trades in a bucket; it buys from bucket 6 on."""
    return PARTS[min(bucket, BUCKETS - 1 - bucket)]


def tick_of(price: float) -> int:
    """The tick of a price, rounded down."""
    return math.floor(math.log(price) / math.log(1.0001))


def read_prices(path: Path) -> Hours:
    """Hours from a CSV with the columns time (ISO 8601 with offset), close, high, low: one row an hour, in order.

    An hour's mean tick is that of its ends, its highest and its lowest. Raises ValueError naming the line.
    """
    closes: list[int] = []
    highs: list[int] = []
    lows: list[int] = []
    start = last = 0
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            line = len(closes) + 2
            try:
                time = int(datetime.fromisoformat(row["time"]).timestamp())
                close, high, low = (float(row[name]) for name in ("close", "high", "low"))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {line}: time, close, high and low are expected ({error!r})") from None
            if not 0 < low <= close <= high < math.inf:
                raise ValueError(
                    f"{path}, line {line}: low {low}, close {close} and high {high} are no prices of an hour"
                )
            if closes and time != last + HOUR:
                raise ValueError(f"{path}, line {line}: {time - last} s after the line before; an hour is expected")
            start, last = start or time, time
            for values, price in ((closes, close), (highs, high), (lows, low)):
                values.append(tick_of(price))
    if len(closes) < FEATURES + 3:
        raise ValueError(f"{path}: {len(closes)} hours, at least {FEATURES + 3} are needed")
    close_ticks, high_ticks, low_ticks = (np.array(values, np.int64) for values in (closes, highs, lows))
    before, ends = close_ticks[:-1], close_ticks[1:]
    high = np.minimum(high_ticks[1:], np.maximum(before, ends) + EDGE)
    low = np.maximum(low_ticks[1:], np.minimum(before, ends) - EDGE)
    return Hours(start + HOUR, (before + ends + high + low) // 4, ends)
