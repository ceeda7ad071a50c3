"""Stockfish by its pipe: moves, values, and what is said when it is not there or dies."""

from __future__ import annotations

from collections.abc import Iterator

import chess
import pytest

from engine import stockfish
from engine.stockfish import MATE, Stockfish


@pytest.fixture(scope="module")
def fish() -> Iterator[Stockfish]:
    with Stockfish(MultiPV=3) as made:
        yield made


def test_it_mates_in_one(fish: Stockfish) -> None:
    board = chess.Board("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1")
    assert fish.name.startswith("Stockfish")
    assert fish.best(board, "nodes 2000").uci() == "a1a8"
    lines = fish.lines(board, "nodes 2000")
    assert (lines[0].move.uci(), lines[0].value) == ("a1a8", MATE - 1)
    assert len(lines) == 3 and lines[0].value > lines[1].value >= lines[2].value


def test_values_are_for_the_side_to_move(fish: Stockfish) -> None:
    board = chess.Board("6k1/5ppp/8/8/8/8/8/R6K b - - 0 1")
    assert fish.lines(board, "nodes 2000")[0].value < -100
    assert fish.lines(chess.Board("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1"), "nodes 2000")[0].value > 100


def test_the_history_counts_if_it_is_given(fish: Stockfish) -> None:
    board = chess.Board()
    for uci in ("e2e4", "e7e5", "g1f3"):
        board.push_uci(uci)
    for history in (True, False):
        assert fish.best(board, "nodes 500", history) in board.legal_moves


def test_a_machine_without_stockfish_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stockfish.shutil, "which", lambda name, path: None)
    with pytest.raises(FileNotFoundError, match="apt-get install stockfish"):
        Stockfish()


def test_one_that_dies_is_an_error_and_no_endless_wait() -> None:
    with Stockfish() as dying:
        dying._process.kill()
        with pytest.raises((RuntimeError, BrokenPipeError)):
            dying.best(chess.Board(), "nodes 10")
