from __future__ import annotations

import json

import chess
import chess.pgn

from server.model.opening import BOOK, opening_of


def test_every_opening_of_the_book_has_a_name_and_its_moves_lead_to_it() -> None:
    for entry in json.loads(BOOK.read_text())["openings"]:
        opening = opening_of(entry["fen"])
        assert opening is not None and opening.name
        board = chess.Board()
        for token in opening.moves.split():
            if not token.endswith("."):
                board.push_san(token)
        assert board.fen(en_passant="legal") == entry["fen"]


def test_other_positions_have_no_name() -> None:
    assert opening_of(None) is None
    assert opening_of(chess.STARTING_FEN) is None
    assert opening_of("4k3/8/8/8/8/8/8/R3K3 w - - 0 1") is None
