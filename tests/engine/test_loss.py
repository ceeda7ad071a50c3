"""The parts of the loss."""

from __future__ import annotations

import chess
import pytest
import torch

from engine import encoding, loss, network
from engine.network import Shape

TINY = Shape(channels=32, convolutions=2, shift=11, zero=1 << 11)


def test_positions_that_repeat_ask_for_another_move() -> None:
    torch.manual_seed(0)
    tower = network.Tower(TINY)
    planes = torch.from_numpy(encoding.planes(chess.Board(), False)[None]).float()
    legal = network.pseudo_legal(planes)
    tower.eval()
    first = tower(planes).masked_fill(~legal, -torch.inf).argmax(1)
    others = loss.other_move(tower, planes, legal, first)
    assert others[0, first] == 0 and others.sum().item() == pytest.approx(1)
    assert not others[~legal].any()
    with torch.no_grad():
        tower.head.bias.fill_(0)
        tower.head.weight.zero_()
        tower.head.bias[49] = 100  # pawn takes: no legal move
        tower.head.bias[1] = 50  # pawns two up: eight equal moves, none of them certain
    assert loss.other_move(tower, planes, legal, first)[0].count_nonzero() >= 7
    with torch.no_grad():
        tower.head.bias[56] = 200  # the knights' first jump: two moves, b1c3 and g1h3
    assert loss.other_move(tower, planes, legal, first)[0].max() > 0.9
