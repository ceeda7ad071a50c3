"""The torch tower: moves of the pieces, planes, bounds, rounding."""

from __future__ import annotations

import random

import chess
import numpy as np
import pytest
import torch

from engine import data, encoding, network
from engine.network import SHAPES, Shape, Tower
from tests.engine.games import random_game

SMALL = Shape(channels=16, convolutions=3, shift=12, zero=512)


def test_pseudo_legal_moves_equal_python_chess() -> None:
    """All legal moves, and no more than pseudo-legal ones but for castling through check."""
    for seed in range(8):
        chance, board = random.Random(seed), chess.Board()
        while board.ply() < 120 and not board.is_game_over():
            planes = torch.from_numpy(encoding.planes(board, False)[None])
            found = set(np.flatnonzero(network.pseudo_legal(planes)[0].numpy()).tolist())
            assert set(encoding.legal_indices(board)) <= found
            pseudo = {encoding.policy_index(move, board.turn) for move in board.pseudo_legal_moves}
            king = board.king(board.turn)
            assert king is not None
            castling = {
                encoding.policy_index(chess.Move(king, king + step), board.turn) for step in (2, -2) if king % 8 == 4
            }
            assert found - pseudo <= castling
            board.push(chance.choice(list(board.legal_moves)))


@pytest.mark.parametrize("fen", ["r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 0 1"])
def test_castling_is_found(fen: str) -> None:
    board = chess.Board(fen)
    found = network.pseudo_legal(torch.from_numpy(encoding.planes(board, False)[None]))[0]
    castling = [index for index, move in encoding.legal_indices(board).items() if board.is_castling(move)]
    assert len(castling) == 2 and all(found[index] for index in castling)


def test_planes_equal_the_encoding() -> None:
    positions = data.decode([random_game(1), random_game(2)])
    planes = network.planes_of(torch.from_numpy(positions.boards), torch.from_numpy(positions.repeated))
    assert (planes.numpy() == data.planes(positions.boards, positions.repeated)).all()


@pytest.mark.slow
def test_parameters_of_the_shapes() -> None:
    """Batch norm's two numbers a channel become one bias at export."""
    expected = {"small": 308_873, "flagship": 3_716_425, "wide": 7_134_537, "large": 21_775_113}
    for name, shape in SHAPES.items():
        with torch.device("meta"):
            tower = Tower(shape)
        norms = (shape.convolutions + 1) * shape.channels
        assert sum(p.numel() for p in tower.parameters()) - norms == expected[name]


def test_bounds_hold_for_the_worst_input() -> None:
    torch.manual_seed(1)
    tower = Tower(SMALL).eval()
    bounds = tower.bounds()
    assert bounds.shape == (4, 16)
    weight, bias = tower.layers()[1].folded()
    x = torch.where(weight[5] > 0, network.CEILING, 0.0)  # what a square's neighbourhood would have to be
    assert (
        torch.isclose(((weight[5] * x).sum() + bias[5]) * network.STEPS, bounds[1, 5], atol=1e-2)
        or bounds[1, 5] > ((weight[5] * x).sum() + bias[5]) * network.STEPS
    )


def test_quantised_activations_are_steps() -> None:
    torch.manual_seed(2)
    tower = Tower(SMALL).eval()
    seen: list[torch.Tensor] = []
    tower.head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    planes = torch.from_numpy(encoding.planes(chess.Board(), False)[None]).float()
    real, rounded = tower(planes), tower(planes, quantised=True)
    steps = seen[1] * network.STEPS
    assert torch.allclose(steps, steps.round(), atol=1e-4) and steps.min() >= 0 and steps.max() < 127.5
    assert not torch.allclose(seen[0] * network.STEPS, steps, atol=0.1) and (real - rounded).abs().max() < 1


def test_gradients_pass_through_the_rounding() -> None:
    tower = Tower(SMALL)
    planes = torch.from_numpy(encoding.planes(chess.Board(), False)[None]).float()
    tower(planes, quantised=True).square().mean().backward()
    assert all(layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0 for layer in tower.layers())
