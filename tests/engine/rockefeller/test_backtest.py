"""Trading by predictions, against holding."""

from __future__ import annotations

import numpy as np
import pytest

from engine.rockefeller.backtest import replay


def test_who_holds_has_what_holding_gives() -> None:
    moves = np.array([100, -300, 50])
    course = replay(np.array([4, 5, 7]), moves)
    assert course.trades == 0
    assert course.vault == pytest.approx(course.holding)
    assert course.holding[-1] == pytest.approx(0.5 + 0.5 * 1.0001**-150)


def test_foresight_pays_and_trades_cost() -> None:
    moves = np.random.default_rng(1).integers(-200, 200, 500)
    right = replay(np.where(moves > 0, 11, 0), moves)
    wrong = replay(np.where(moves > 0, 0, 11), moves)
    assert right.vault[-1] > right.holding[-1] > wrong.vault[-1]
    flat = replay(np.full(10, 11), np.zeros(10, np.int64), cost=0.001)
    assert flat.trades == 10
    assert flat.vault[-1] == pytest.approx(1 - 0.001 * 0.5 * (1 - 0.9**10))
