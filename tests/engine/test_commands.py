"""The engine's commands: what is wrong with their input is said in a sentence, and the exit code is 2."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine import commands
from engine.policy import Network


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers(required=True))
    options = parser.parse_args([str(argument) for argument in arguments])
    code = options.run(options)
    assert isinstance(code, int)
    return code


def test_strength_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = Network.random("tiny", 15, 16, 2, seed=1, shift=12, zero=512)
    path = tmp_path / "tiny.safetensors"
    network.save(path)
    path.with_suffix(".json").write_text(json.dumps({"sha256": network.hash.hex()}))
    games, plot = tmp_path / "games.pgn", tmp_path / "plots" / "strength.svg"
    output = ("--json", "--passport", "--pgn", games, "--plot", plot)
    assert run("strength", "--network", path, "--elo", 1320, 1500, "--games", 2, "--nodes", 50, *output) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["sha256"] == network.hash.hex() and [match["games"] for match in result["matches"]] == [2, 2]
    known = json.loads(path.with_suffix(".json").read_text())["strength"]
    assert known == {"matches": result["matches"], "elo": result["elo"]}
    assert games.read_text().count("[Event ") == 4 and "<svg" in plot.read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--elo", 1200], "--elo 1200: Stockfish's UCI_Elo is 1320 to 3190"),
        (["--games", -1], "--games must be at least 0, not -1"),
        (["--workers", 0], "--workers must be at least 1, not 0"),
    ],
)
def test_matches_that_cannot_be_played(
    arguments: list[object], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("strength", *arguments) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["label", "data", "--workers", 0], "--workers must be at least 1, not 0"),
        (["label", "data", "--minutes", -1], "--minutes must be at least 0, not -1.0"),
        (["train", "run", "--games", "g", "--batch", 0], "--batch must be at least 1, not 0"),
        (["train", "run", "--games", "g", "--endgame-share", 1], "--endgame-share must lie between 0 and 1, not 1.0"),
        (["train", "run", "--games", "g", "--processes", 2, "--device", "cuda"], "for --device cpu only, not cuda"),
    ],
)
def test_numbers_that_make_no_sense(
    arguments: list[object], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments[0], tmp_path / str(arguments[1]), *arguments[2:]) == 2
    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["no-such-network", "../../etc/passwd"])
def test_a_network_that_is_not_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("strength", "--network", name, "--games", 2) == 2
    assert capsys.readouterr().err.startswith("proofmate: ")


def test_games_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("strength", "--data", tmp_path / "games.bin") == 2
    assert "games.bin" in capsys.readouterr().err


def test_labelling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("label", tmp_path, "--workers", 1, "--minutes", 0, "--seed", 4) == 0
    assert (tmp_path / "games-4.bin").exists() and "games-4.bin" in capsys.readouterr().out
    assert run("label", tmp_path, "--from", "endgames", "--workers", 1, "--minutes", 0, "--seed", 4) == 0
    assert (tmp_path / "endgames-4.bin").exists() and "endgames-4.bin" in capsys.readouterr().out


def test_the_parser_needs_no_torch() -> None:
    code = "import sys, engine.commands; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
