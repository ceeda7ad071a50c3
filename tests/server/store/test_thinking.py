from __future__ import annotations

import chess
import numpy as np
import pytest

from engine import encoding
from server.store.thinking import move_of, think


@pytest.mark.parametrize(
    "fen", [chess.STARTING_FEN, "4k3/P6P/8/3pP3/8/8/8/R3K2R w KQ d6 0 1", "4k3/8/8/8/8/8/p7/4K3 b - - 0 1"]
)
def test_indices_mean_moves(fen: str) -> None:
    board = chess.Board(fen)
    for index, move in encoding.legal_indices(board).items():
        meant = move_of(index, board.turn)
        assert meant is not None and (meant.from_square, meant.to_square) == (move.from_square, move.to_square)
        assert meant.promotion in (None, move.promotion)


def test_thinking_shows_illegal_moves_and_a_distribution_over_all() -> None:
    board = chess.Board()
    legal = encoding.legal_indices(board)
    logits = np.zeros(4672, dtype=np.int64)
    illegal = encoding.policy_index(chess.Move.from_uci("d1d5"), chess.WHITE)
    best = encoding.policy_index(chess.Move.from_uci("e2e4"), chess.WHITE)
    logits[illegal], logits[best] = 30_000, 20_000
    thinking = think(board, 0, "0xkey", logits, legal, 8192)
    assert [(thought.move, thought.san, thought.legal) for thought in thinking.moves[:2]] == [
        ("d1d5", None, False),
        ("e2e4", "e4", True),
    ]
    assert (thinking.choice, thinking.choice_san, thinking.position) == ("e2e4", "e4", "0xkey")
    assert len(thinking.moves) == 10
    weights = np.exp(np.array([30_000, 20_000, 0]) / 8192.0)
    total = weights[0] + weights[1] + 4670
    assert thinking.moves[0].probability == pytest.approx(weights[0] / total)
