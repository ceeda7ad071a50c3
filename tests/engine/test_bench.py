"""The benchmark measures what it says, and refuses to report a prover that is wrong."""

import argparse
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import bench, encoding
from engine.policy import Network, scores


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    bench.add_parser(parser.add_subparsers())
    options = parser.parse_args(["bench", *arguments])
    return int(options.run(options))


@pytest.mark.slow
def test_measures_the_native_prover(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "tiny.safetensors"
    network = Network.random("tiny", 15, 8, 2, 1, 12, 512)
    network.save(file)
    assert run("prove", "--network", str(file), "--runs", "2", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["parameters"] == network.parameters
    assert result["multiply_adds"] == network.multiply_adds
    assert result["weights"] == f"sha256 {network.hash.hex()}"
    assert len(result["prove_seconds"]) == 2
    assert 0 < result["prove_seconds_median"] < 600
    assert 20 < result["peak_mb"] < 2000
    assert result["public_words"] == 31
    assert result["calldata_bytes"] == 31 * 32 + result["proof_bytes"]
    assert 200_000 < result["verify_gas"] < 1_000_000
    assert 10_000 < result["runtime_code_bytes"] < 30_000
    assert result["machine"]["cores"] >= 1


def verifier(body: str) -> str:
    return f"pragma solidity ^0.8.0; contract Verifier {{ fallback() external {{ {body} }} }}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "reason"),
    [("", "accepts a proof with another public word"), ("revert();", "refuses a proof that verifies here")],
)
def test_does_not_trust_a_verifier(body: str, reason: str) -> None:
    with pytest.raises(RuntimeError, match=reason):
        bench.on_chain(verifier(body), b"\1", b"\2")


@pytest.mark.slow
def test_gas_is_the_receipts() -> None:
    measured = bench.on_chain(verifier("if (msg.data[0] != 0x01) revert();"), b"\1", b"\2")
    assert 21_000 + 16 < measured["verify_gas"] < 22_000
    assert measured["runtime_code_bytes"] < 200


def test_a_wrong_move_is_no_result() -> None:
    network = Network.random("tiny", 15, 8, 1, 1, 12, 512)
    board = bench.boards(1)[0]
    ranks = scores(network.logits(encoding.planes(board, False)))
    best, second, *_ = sorted(encoding.legal_indices(board), key=ranks.__getitem__, reverse=True)
    bench.check_moves(network, [best])
    with pytest.raises(RuntimeError, match="is not the integer policy's"):
        bench.check_moves(network, [second])


def test_only_networks_for_chess(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Network.random("tiny", 14, 8, 1, 1, 12, 512).save(tmp_path / "other")
    assert run("prove", "--network", str(tmp_path / "other")) == 2
    assert "tiny is no network for chess" in capsys.readouterr().err


def test_a_shape_without_a_trained_network_gets_random_weights(tmp_path: Path) -> None:
    file, weights = bench.network_file("tiny", tmp_path)
    assert weights == "random, seed 1"
    assert Network.load(file).parameters == 15 * 8 * 9 + 8 + 8 * 8 * 9 + 8 + 8 * 73 + 73


def test_positions_are_distinct_and_not_over() -> None:
    boards = bench.boards(10)
    assert len({board.fen() for board in boards}) == 10
    assert not any(board.is_game_over() for board in boards)


def test_perceptrons_have_the_published_sizes() -> None:
    for mlp, parameters in zip(bench.MLPS, (50e3, 180e3, 520e3, 1.2e6), strict=False):
        assert 0.9 < bench.perceptron(mlp).parameters / parameters < 1.1


def test_suite_says_what_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(mlp: bench.Mlp) -> Network:
        raise ValueError("layer 0: too wide")

    monkeypatch.setattr(bench, "perceptron", refuse)
    monkeypatch.setattr(bench, "MLPS", bench.MLPS[:1])
    assert run("prove", "--suite", "mlp", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["networks"]
    assert row["refused"] == "layer 0: too wide"
    assert (row["published_seconds"], row["published_gb"]) == (5, 0.18)


def test_contracts_are_what_the_tests_measure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = SimpleNamespace(chess_gas=lambda: {"play": {"median": 1}})
    game = SimpleNamespace(game_gas=lambda: {"stake": {"median": 2}})
    monkeypatch.setitem(sys.modules, "tests.contracts.bench", rules)
    monkeypatch.setitem(sys.modules, "tests.contracts.game_gas", game)
    assert run("contracts", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["play"], result["stake"]) == ({"median": 1}, {"median": 2})
    monkeypatch.setitem(sys.modules, "tests.contracts.game_gas", None)
    assert run("contracts", "--json") == 2
    assert "run this in the repository" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--network", "nosuch"], "nosuch is no network: neither flagship, wide, large, tiny nor a file"),
        (["--network", __file__], "is not a network"),
        (["--runs", "0"], "--runs must be at least 1"),
        (["--suite", "mlp", "--network", "wide"], "--suite goes with neither --network nor --against"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("prove", *arguments) == 2
    captured = capsys.readouterr()
    assert reason in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
