from __future__ import annotations

import random

import chess
import pytest

from server import cli
from server.checks.simulate import choose


def test_too_few_voters(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["simulate", "--voters", "1"]) == 2
    assert capsys.readouterr().err == "proofmate: --voters: 1 is not between 2 and 1000\n"


@pytest.mark.parametrize(
    ("fen", "move"),
    [
        ("6k1/5ppp/8/8/8/8/K7/3R3q w - - 0 1", "d1d8"),  # mate before the queen
        ("4k3/8/8/3q1p2/4P3/8/8/4K3 w - - 0 1", "e4d5"),  # the queen before the pawn
        ("8/P6k/8/8/8/8/8/K7 w - - 0 1", "a7a8q"),
        ("4k3/8/8/8/Pp6/8/8/4K3 b - a3 0 1", "b4a3"),  # en passant
    ],
)
def test_a_voter_looks_one_ply_ahead(fen: str, move: str) -> None:
    assert choose(chess.Board(fen), random.Random(1)).uci() == move
