"""The encoding against python-chess: what the planes, indices and words must mean on any position."""

from __future__ import annotations

import random

import chess
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import encoding
from engine.words import SCALAR_FIELD


def positions(seed: int, plies: int = 150) -> list[chess.Board]:
    chance, board, seen = random.Random(seed), chess.Board(), []
    while board.ply() < plies and not board.is_game_over():
        seen.append(board.copy())
        board.push(chance.choice(list(board.legal_moves)))
    return seen


BOARDS = [board for seed in range(12) for board in positions(seed)]


def test_planes_hold_the_pieces_from_the_movers_side() -> None:
    for board in BOARDS:
        planes = encoding.planes(board, False)
        for square in chess.SQUARES:
            seen = square if board.turn else square ^ 56
            piece = board.piece_at(square)
            expected = np.zeros(12, np.uint8)
            if piece:
                expected[piece.piece_type - 1 + (0 if piece.color == board.turn else 6)] = 1
            assert (planes[:12, seen // 8, seen % 8] == expected).all()


def test_a_mirrored_position_looks_the_same() -> None:
    for board in BOARDS:
        assert encoding.plane_masks(board, True) == encoding.plane_masks(board.mirror(), True)


def test_castling_rooks() -> None:
    board = chess.Board("r3k2r/8/8/8/8/8/8/R3K2R b Kq - 0 1")
    assert encoding.plane_masks(board, False)[12] == chess.BB_A1 | chess.BB_H8  # Black moves: upside down
    board = chess.Board("4k2r/8/8/8/8/8/8/R3K3 w Qk - 0 1")
    assert encoding.plane_masks(board, False)[12] == chess.BB_A1 | chess.BB_H8


def test_en_passant_only_when_it_is_legal() -> None:
    legal = chess.Board("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 1")
    assert encoding.plane_masks(legal, False)[13] == chess.BB_D6
    nobody = chess.Board("4k3/8/8/3p4/8/8/8/4K3 w - d6 0 1")
    discovers_check = chess.Board("8/8/8/K2pP2r/8/8/8/4k3 w - d6 0 1")
    assert encoding.plane_masks(nobody, False)[13] == encoding.plane_masks(discovers_check, False)[13] == 0
    black = chess.Board("4k3/8/8/8/3pP3/8/8/4K3 b - e3 0 1")
    assert encoding.plane_masks(black, False)[13] == chess.BB_E6


def test_the_last_plane_says_repeated() -> None:
    board = chess.Board()
    for uci in ("g1f3", "g8f6", "f3g1"):
        board.push_uci(uci)
        assert not encoding.is_repeated(board)
    board.push_uci("f6g8")
    assert encoding.is_repeated(board)
    assert encoding.planes(board, True)[14].all() and not encoding.planes(board, False)[14].any()


def test_legal_moves_have_indices_of_their_own() -> None:
    for board in BOARDS:
        indices = encoding.legal_indices(board)
        assert len(indices) == board.legal_moves.count()
        assert all(0 <= index < 4672 for index in indices)
        mirrored = encoding.legal_indices(board.mirror())
        assert set(indices) == set(mirrored)


def test_every_promotion_has_an_index() -> None:
    board = chess.Board("1n1nk3/2P5/8/8/8/8/8/4K3 w - - 0 1")
    promotions = {index: move for index, move in encoding.legal_indices(board).items() if move.promotion}
    assert len(promotions) == 12
    assert {index // 64 for index, move in promotions.items() if move.promotion != chess.QUEEN} == set(range(64, 73))
    assert {index // 64 for index, move in promotions.items() if move.promotion == chess.QUEEN} == {0, 7, 49}


@pytest.mark.parametrize("uci", ["a1b4", "e2e2", "a7a8n", "a7c8n"])
def test_moves_of_no_piece_are_refused(uci: str) -> None:
    move = chess.Move(chess.A2, chess.A2) if uci == "e2e2" else chess.Move.from_uci(uci)
    if uci == "a7a8n":
        assert encoding.policy_index(move, chess.WHITE) == 64 * 67 + chess.A7
        with pytest.raises(ValueError, match="promotion"):
            encoding.policy_index(move, chess.BLACK)
    else:
        with pytest.raises(ValueError, match="a"):
            encoding.policy_index(move, chess.WHITE)


def test_bitmap_words() -> None:
    words = encoding.bitmap_words([0, 65, 64 * 72 + 63])
    assert len(words) == 25
    assert words[0] == 1 << 144 | 1 << 72 + 1 and words[24] == 1 << 70 and not any(words[1:24])


@given(st.integers(0, 0xFFFF))
@settings(max_examples=500)
def test_move_numbers(number: int) -> None:
    if number >> 12 in (0, 2, 3, 4, 5):
        assert encoding.pack_move(encoding.unpack_move(number)) == number
    else:
        with pytest.raises(ValueError, match="not a move number"):
            encoding.unpack_move(number)


@pytest.mark.parametrize("number", [-1, 1 << 16])
def test_numbers_out_of_range(number: int) -> None:
    with pytest.raises(ValueError, match="not a move number"):
        encoding.unpack_move(number)


def test_contexts_differ_in_every_part() -> None:
    contract, payee = "0x" + "11" * 20, "0x" + "22" * 20
    contexts = {
        encoding.context_word(31337, contract, 0, 1, payee),
        encoding.context_word(1, contract, 0, 1, payee),
        encoding.context_word(31337, payee, 0, 1, payee),
        encoding.context_word(31337, contract, 1, 1, payee),
        encoding.context_word(31337, contract, 1, 0, payee),
        encoding.context_word(31337, contract, 0, 1, contract),
    }
    assert len(contexts) == 6 and all(0 <= context < SCALAR_FIELD for context in contexts)
