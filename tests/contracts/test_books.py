"""The books of openings: what their makers promise, and that the contract takes them whole."""

from __future__ import annotations

import json

import chess
import pytest
from web3 import HTTPProvider, Web3

from server.chain import contracts, deploy
from server.chain.sender import Sender
from server.model.position import Position
from tests.server.table import OWNER, deploy_game, run_anvil

TRANSACTION_GAS = 1 << 24
"""What one transaction may use (EIP-7825)."""


def entries(name: str) -> list[dict[str, str]]:
    book: list[dict[str, str]] = json.loads((contracts.CONTRACTS / "book" / f"{name}.json").read_text())["openings"]
    return book


@pytest.mark.parametrize(("name", "least"), [("openings", 128), ("endgames", 32)])
def test_positions(name: str, least: int) -> None:
    book = entries(name)
    boards = [chess.Board(entry["fen"]) for entry in book]
    assert len({board.epd() for board in boards}) == len(book) >= least
    assert sum(board.turn for board in boards) * 2 == len(book), "as many with White to move as with Black"
    for entry, board, packed in zip(book, boards, deploy.read_book(name), strict=True):
        assert board.is_valid() and board.outcome() is None, entry
        assert packed == Position.pack(board, 0), entry


def test_openings_are_balanced() -> None:
    assert all(abs(int(entry["centipawns"])) <= 60 for entry in entries("openings"))


def test_either_side_may_win_an_endgame() -> None:
    for entry in entries("endgames"):
        board = chess.Board(entry["fen"])
        assert len(board.piece_map()) <= 10 and not board.pawns
        assert not any(board.has_insufficient_material(color) for color in chess.COLORS)


def test_contract_takes_them() -> None:
    with run_anvil("--hardfork", "osaka") as url:
        w3 = Web3(HTTPProvider(url))
        game = contracts.game_contract(w3, deploy_game(url))
        owner = Sender(w3, OWNER, "OWNER_KEY")
        for name in ("openings", "endgames"):
            book = deploy.read_book(name)
            words = b"".join(word.to_bytes(32, "big") for position in book for word in position)
            assert owner.send(game.functions.addBook(words))["gasUsed"] < TRANSACTION_GAS
            number = game.functions.books().call() - 1
            assert game.functions.openings(number).call() == len(book)
            for index in (0, len(book) - 1):
                assert tuple(game.functions.opening(number, index).call()) == book[index]
