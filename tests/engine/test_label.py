"""Labelling: a file can be interrupted anywhere and continued to the same content."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import chess
import pytest

from engine import data, encoding
from engine.label import label, label_on_cores, whole_games
from engine.stockfish import MATE, WON, Stockfish


def test_an_interrupted_file_is_continued_to_the_same(tmp_path: Path) -> None:
    path = tmp_path / "games-3.bin"
    assert label(tmp_path, 3, seconds=600, games=3) == 3
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    assert whole_games(path) == 2
    label(tmp_path, 3, seconds=600, games=3)
    assert path.read_bytes() == whole
    assert label(tmp_path, 3, seconds=0) == 3


def test_labels_are_legal_moves(tmp_path: Path) -> None:
    label(tmp_path, 5, seconds=600, games=1)
    board = chess.Board()
    for played, best in data.read_games(tmp_path / "games-5.bin")[0].tolist():
        assert best == data.UNLABELLED or encoding.unpack_move(best) in board.legal_moves
        board.push(encoding.unpack_move(played))


def test_endgames_are_won_and_labelled(tmp_path: Path) -> None:
    label(tmp_path, 5, seconds=600, games=4, kind="endgames")
    games = data.read_games(tmp_path / "endgames-5.bin")
    again = tmp_path / "again"
    label(again, 5, seconds=600, games=4, kind="endgames")
    assert (again / "endgames-5.bin").read_bytes() == (tmp_path / "endgames-5.bin").read_bytes()
    for game in games:
        placed = [number for number, kind in game.tolist() if kind == data.PLACED]
        board = chess.Board(None)
        for number in placed:
            piece = chess.Piece(((number >> 6) - 1) % data.BLACK + 1, number >> 6 <= data.BLACK)
            board.set_piece_at(number & 63, piece)
        assert board.is_valid() and len(placed) <= 16
        with Stockfish() as judge:
            assert abs(judge.lines(board, "nodes 1200")[0].value) >= WON
        for played, best in game[len(placed) :].tolist():
            assert encoding.unpack_move(best) in board.legal_moves
            board.push(encoding.unpack_move(played))


@pytest.mark.slow
def test_workers_write_files_of_their_own(tmp_path: Path) -> None:
    said: list[str] = []
    label_on_cores(tmp_path, 7, 2, 5.0, said.append)
    assert len(said) == 2 and all(whole_games(tmp_path / f"games-{seed}.bin") > 0 for seed in (7, 8))


@pytest.mark.slow
def test_a_signal_ends_labelling_after_whole_games(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threading.Timer(6, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(KeyboardInterrupt):
        label_on_cores(tmp_path, 9, 1, 3600, print)
    path = tmp_path / "games-9.bin"
    size = path.stat().st_size
    assert whole_games(path) >= 1 and path.stat().st_size == size
    assert '"work": "label"' in capsys.readouterr().err


def test_lines_are_ranked_and_mates_counted() -> None:
    with Stockfish(MultiPV=2) as stockfish:
        lines = stockfish.lines(chess.Board("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"), "nodes 2000")
        assert lines[0].move.uci() == "a1a8" and lines[0].value == MATE - 1 > lines[1].value
