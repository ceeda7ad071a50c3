"""Random games with labels that a small network can learn, in the data's format."""

from __future__ import annotations

import random

import chess
import numpy as np
from numpy.typing import NDArray

from engine.data import UNLABELLED
from engine.encoding import pack_move, policy_index

VALUES = {None: 0, chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9, chess.KING: 0}


def best(board: chess.Board) -> chess.Move:
    """Takes the most valuable piece it can, else the move with the highest policy index."""

    def rank(move: chess.Move) -> tuple[int, int]:
        return VALUES[board.piece_type_at(move.to_square)], policy_index(move, board.turn)

    return max(board.legal_moves, key=rank)


def random_game(seed: int, plies: int = 120, opening: int = 2) -> NDArray[np.uint16]:
    """A game [plies, 2]; it castles, captures en passant and underpromotes more often than chance would."""
    chance, board, pairs = random.Random(seed), chess.Board(), []
    while board.ply() < plies and not board.is_game_over():
        moves = list(board.legal_moves)
        rare = [m for m in moves if board.is_castling(m) or board.is_en_passant(m) or m.promotion]
        move = chance.choice(rare if rare and chance.random() < 0.7 else moves)
        label = UNLABELLED if board.ply() < opening else pack_move(best(board))
        pairs.append((pack_move(move), label))
        board.push(move)
    return np.array(pairs, np.uint16)
