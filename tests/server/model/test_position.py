from __future__ import annotations

import json
import random

import chess
import pytest

from server.model.position import Position
from server.model.signing import Typed
from server.settings import ROOT
from tests.server.table import Table


def random_boards(games: int, seed: int) -> list[chess.Board]:
    generator = random.Random(seed)
    boards = []
    for _ in range(games):
        board = chess.Board()
        while not board.is_game_over() and board.ply() < 80:
            boards.append(board.copy(stack=False))
            board.push(generator.choice(list(board.legal_moves)))
    return boards


def test_boards_survive_packing() -> None:
    for board in random_boards(20, 1):
        ply = board.ply()
        position = Position.pack(board, ply)
        assert position.fen == board.fen()
        assert Position.pack(position.unpack(), ply) == position


def test_full_moves_are_counted_from_an_opening_with_black_to_move() -> None:
    board = chess.Board("rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1")
    opening = Position.pack(board, 0)
    assert opening.fen.endswith(" b KQkq - 0 1")
    board.push_uci("e7e5")
    assert Position.pack(board, 1).fen.endswith(" w KQkq - 0 2")


def test_en_passant_only_where_it_is_legal() -> None:
    board = chess.Board()
    board.push_uci("e2e4")
    assert Position.pack(board, 1).state >> 5 & 0x7F == 0


def test_words_equal_the_shared_vectors() -> None:
    vectors = json.loads((ROOT / "tests" / "vectors" / "positions.json").read_text())
    entries = vectors["positions"] if isinstance(vectors, dict) else vectors
    for entry in entries[:200]:
        position = Position(int(entry["board"], 16), int(entry["state"], 16))
        board = chess.Board(entry["fen"])
        assert Position.pack(board, position.ply)[0] == position.board
        assert position.unpack().board_fen() == board.board_fen()


@pytest.mark.parametrize("nibble", [7, 8, 15])
def test_a_nibble_that_is_no_piece(nibble: int) -> None:
    with pytest.raises(ValueError, match="is not a piece"):
        Position(nibble << 16, 0).unpack()


def test_key_and_digest_equal_the_contracts(table: Table) -> None:
    game, _ = table.start()
    position = table.chain.summary(game).position
    assert position == Position.pack(chess.Board(), 0)
    typed = Typed(table.settings.chain_id, table.settings.contract)
    assert typed.ballot(game, 0, 796, position.key) == bytes(table.call.ballotDigest(game, 0, 796).call())
