"""The benchmark measures what it says, and refuses to report a prover that is wrong."""

import argparse
import json
import sys
from pathlib import Path

import pytest

from bench import command, networks, report, tables
from engine.policy import Network

DOCUMENT = """# Benchmarks
<!-- prove: written by proofmate bench prove -->
<!-- end of prove -->
<!-- prove --suite mlp: written by proofmate bench prove --suite mlp -->
<!-- end of prove --suite mlp -->
<!-- rules: written by proofmate bench contracts -->
<!-- end of rules -->
<!-- games: written by proofmate bench contracts -->
<!-- end of games -->
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "benchmarks.md"
    path.write_text(DOCUMENT)
    return path


def run(document: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    options = parser.parse_args(["bench", *arguments, "--document", str(document)])
    return int(options.run(options))


@pytest.mark.slow
def test_measures_the_native_prover(tmp_path: Path, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tiny.safetensors"
    network = Network.random("tiny", 15, 8, 2, 1, 12, 512)
    network.save(file)
    assert run(document, "prove", "--network", str(file), "--runs", "2", "--json") == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    progress = [json.loads(line) for line in captured.err.splitlines()]
    assert progress[-1]["done"] == progress[-1]["total"] == 2 + 3
    assert f"| tiny | {network.parameters:,} | {result['k']} |" in document.read_text()
    assert result["parameters"] == network.parameters
    assert result["multiply_adds"] == network.multiply_adds
    assert result["weights"] == f"sha256 {network.hash.hex()}"
    assert len(result["prove_seconds"]) == 2
    assert 0 < result["prove_seconds_median"] < 600
    assert 20 < result["peak_mb"] < 2000
    assert result["public_words"] == 31
    assert result["calldata_bytes"] == 31 * 32 + result["proof_bytes"]
    assert 200_000 < result["verify_gas"] < 1_000_000
    assert 4_000 < result["runtime_code_bytes"] < 20_000
    assert result["machine"]["cores"] >= 1


def test_only_networks_for_chess(tmp_path: Path, document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Network.random("tiny", 14, 8, 1, 1, 12, 512).save(tmp_path / "other")
    assert run(document, "prove", "--network", str(tmp_path / "other")) == 2
    assert "tiny is no network for chess" in capsys.readouterr().err


def test_suite_says_what_is_refused(
    document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(mlp: networks.Mlp) -> Network:
        raise ValueError("layer 0: too wide")

    monkeypatch.setattr("bench.proving.perceptron", refuse)
    monkeypatch.setitem(networks.SUITES, "mlp", networks.MLPS[:1])
    assert run(document, "prove", "--suite", "mlp", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["networks"]
    assert row["refused"] == "layer 0: too wide"
    assert (row["published_seconds"], row["published_gb"]) == (5, 0.18)
    assert "| 50k |  | refused: layer 0: too wide |" in document.read_text()


SPREAD = {"min": 1, "median": 2000, "p99": 3, "max": 4}
BATCH = {"ballots": 100, "a ballot": 10_000, "its calldata": 1_000}
GAME = {"stake": 100_000, "batches of ballots": [BATCH, BATCH | {"a ballot": 9_000}]}
GAMES = {"network's move, in all": SPREAD | {"moves": 7}, "by stakers": {"1": GAME, "10000": GAME | {"stake": 2}}}


def test_contracts_are_measured_and_written_down(
    document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.rules.chess_gas", lambda report: {"play": SPREAD})
    monkeypatch.setattr("bench.games.game_gas", lambda report: GAMES)
    assert run(document, "contracts", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["play"], result["by stakers"]["1"]["stake"]) == (SPREAD, 100_000)
    text = document.read_text()
    assert "| play | 1 | 2,000 | 3 | 4 |" in text
    assert "| stake | 100,000 | 2 |" in text
    assert "| batches of ballots | 11,000 a ballot of 100; 10,000 a ballot of 100 |" in text


def test_contracts_need_the_repository(
    document: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "bench.games", None)
    assert run(document, "contracts", "--json") == 2
    assert "run this in the repository" in capsys.readouterr().err


def test_what_cannot_be_written_down_is_still_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.rules.chess_gas", lambda report: {"play": SPREAD})
    monkeypatch.setattr("bench.games.game_gas", lambda report: GAMES)
    assert run(tmp_path / "none.md", "contracts", "--json") == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["play"] == SPREAD and "not written down" in captured.err


def test_the_repository_has_every_section() -> None:
    text = report.DOCUMENT.read_text()
    shape = {"network": "tiny", "parameters": 1}
    for table in (
        tables.against(shape, {}),
        *(tables.perceptrons({"suite": suite, "networks": []}) for suite in networks.SUITES),
        tables.rules({}),
        tables.games(GAMES),
    ):
        assert text.count(f"<!-- {table.name}: ") == text.count(f"<!-- end of {table.name} -->") == 1
    assert "<!-- prove: " in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--network", "nosuch"], "nosuch is no network: neither flagship, wide, large, tiny nor a file"),
        (["--network", __file__], "is not a network"),
        (["--plot", "suite.svg"], "--plot goes with --suite"),
        (["--runs", "0"], "--runs must be at least 1, not 0"),
        (["--suite", "mlp", "--network", "wide"], "--suite goes with neither --network nor --against"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: list[str], reason: str, document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(document, "prove", *arguments) == 2
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert document.read_text() == DOCUMENT
