"""Random games with python-chess as the referee, by Proofmate's rules: repetition and fifty moves need no claim."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import chess

from tests.vectors.generate import NAMED

OPENINGS = [
    *(fen for fen in NAMED.values() if not chess.Board(fen).is_game_over()),
    "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1",
    "r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1",
    "4k3/pppppppp/8/8/8/8/PPPPPPPP/4K3 w - - 0 1",
    "8/5k2/8/8/2q5/8/8/K7 b - - 90 60",
    "8/8/3k4/2b5/8/4K3/1p6/8 b - - 0 1",
    "8/P1k5/8/8/8/8/5Kp1/8 w - - 0 1",
    "k7/2n5/8/8/8/8/5B2/K7 w - - 0 1",
]
"""Where games start besides the start: so that castling, en passant, promotions, pins and every ending occur often."""


@dataclass(frozen=True)
class Ply:
    """A position of a game: how often it occurred, how the game ended if it did, and the move played otherwise."""

    board: chess.Board
    ply: int
    occurrences: int
    ending: str
    move: chess.Move | None


def ending(board: chess.Board, occurrences: int) -> str:
    """How the game is over, in the words of `judge.ENDINGS`, by python-chess."""
    if not any(board.legal_moves):
        return "checkmate" if board.is_check() else "stalemate"
    if occurrences >= 3:
        return "repetition"
    if board.halfmove_clock >= 100:
        return "fifty moves"
    return "insufficient material" if board.is_insufficient_material() else "none"


def play(source: random.Random, fen: str) -> Iterator[Ply]:
    """A random game, to its end; the board is the same object at each ply.

    Some moves are taken back at once, so that positions repeat.
    """
    board = chess.Board(fen)
    seen: Counter[Hashable] = Counter()
    before: chess.Move | None = None
    start = board.ply()
    while True:
        key = board._transposition_key()
        seen[key] += 1
        over = ending(board, seen[key])
        moves = list(board.legal_moves)
        move = None
        if over == "none":
            back = before and chess.Move(before.to_square, before.from_square)
            move = back if back in moves and source.random() < 0.3 else source.choice(moves)
        yield Ply(board, board.ply() - start, seen[key], over, move)
        if move is None:
            return
        before = board.move_stack[-1] if board.move_stack else None
        board.push(move)


def games(seed: int) -> Iterator[Iterator[Ply]]:
    """Games without end, every second one from the usual start."""
    source = random.Random(seed)
    while True:
        yield play(source, chess.STARTING_FEN)
        yield play(source, source.choice(OPENINGS))


def absurd(source: random.Random, board: chess.Board, count: int) -> list[int]:
    """Move numbers that mostly are nonsense: any 16 bits, wrong promotions, any target, moves of the other side."""
    pieces = list(board.piece_map()) or [0]
    pseudo = list(board.pseudo_legal_moves)
    numbers = []
    for _ in range(count):
        number = source.getrandbits(16)
        if source.random() < 0.4:
            number = source.choice(pieces) | source.randrange(64) << 6 | source.choice((0, 0, 0, 1, 2, 5, 6, 15)) << 12
        elif pseudo and source.random() < 0.3:
            move = source.choice(pseudo)
            number = move.from_square | move.to_square << 6 | source.randrange(16) << 12
        numbers.append(number)
    return numbers
