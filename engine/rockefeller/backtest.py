"""What the vault would have made of predictions, against holding the same two tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.rockefeller.hours import BUCKETS, part

COST = 0.0010
"""Of a trade: the pool's fee of 5 basis points, and 5 for slippage."""


@dataclass(frozen=True)
class Course:
    """Values [n] in the quote token after each hour, 1 at the start, half in each token: of the vault, of holding."""

    vault: NDArray[np.float64]
    holding: NDArray[np.float64]
    trades: int


def replay(predicted: NDArray[np.int64], moves: NDArray[np.int64], cost: float = COST) -> Course:
    """Trades at the price of each hour's boundary by the predicted bucket [n]; the price then moves, ticks [n]."""
    base, quote, price, trades = 0.5, 0.5, 1.0, 0
    vault, holding = np.empty(len(moves)), np.empty(len(moves))
    for n, (bucket, move) in enumerate(zip(predicted.tolist(), moves.tolist(), strict=True)):
        size = part(bucket)
        trades += size > 0
        if bucket >= BUCKETS // 2:
            given = size * quote
            base, quote = base + given * (1 - cost) / price, quote - given
        else:
            given = size * base
            base, quote = base - given, quote + given * (1 - cost) * price
        price *= 1.0001**move
        vault[n], holding[n] = base * price + quote, 0.5 * price + 0.5
    return Course(vault, holding, trades)
