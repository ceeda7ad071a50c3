from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import chess
import pytest

from server import cli
from server.checks.simulate import choose
from server.settings import ROOT, Environment


def test_help_lists_every_command_and_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert raised.value.code == 0
    for command in ("up", "reset", "simulate", "create", "audit", "api", "indexer", "relay", "worker", *cli.HOOKS):
        assert f"    {command} " in text
    for name in Environment.model_fields:
        assert name.upper() in text


@pytest.mark.parametrize("command", ["up", "reset", "simulate", "create", "audit", "api"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main([command, "--help"])
    assert raised.value.code == 0 and f"proofmate {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["play"], ["audit"], ["audit", "first"], ["create", "loss"], ["simulate", "--voters", "many"]]
)
def test_what_cannot_be_understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2 and "usage: proofmate" in capsys.readouterr().err


def test_too_few_voters(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["simulate", "--voters", "1"]) == 2
    assert capsys.readouterr().err == "proofmate: --voters: 1 is not between 2 and 1000\n"


def test_a_server_needs_neither_torch_nor_the_prover() -> None:
    script = "import sys, server.cli, server.api; sys.exit('torch' in sys.modules or 'engine._halo2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_a_signal_ends_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli, "_reset", lambda options: os.kill(os.getpid(), signal.SIGTERM))
    assert cli.main(["reset"]) == 130
    assert signal.getsignal(signal.SIGTERM) == handler


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
