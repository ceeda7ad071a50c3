"""Training the vault's network, and the truth about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from engine.dense import Network
from engine.policy import NETWORKS
from engine.rockefeller.hours import Hours
from engine.rockefeller.market import Market
from engine.rockefeller.train import walk_forward
from server.cli import main


@pytest.mark.slow
def test_a_market_without_memory_is_a_coin_and_one_with_memory_is_not() -> None:
    coin = walk_forward(Market.simulated(1, 1500).hours(), seed=1, epochs=1)
    assert coin.examples == 1500 - 1 - 37 - (1500 - 38) // 6
    assert abs(coin.sign - 0.5) < 5 * coin.sign_error
    moves = np.repeat(np.random.default_rng(1).choice([-60, 60], 250), 6).cumsum()  # six hours one way
    told = walk_forward(Hours(0, moves - 30, moves), seed=1, epochs=20)
    assert told.sign > 0.65 and told.accuracy > told.largest_bucket


@pytest.mark.slow
def test_the_command_writes_network_and_passport(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "made")
    assert main(["vault", "train", "--simulated", "1", "--epochs", "1", "--target", folder, "--json"]) == 0
    passport = json.loads(capsys.readouterr().out)
    network = Network.load(tmp_path / "made" / "rockefeller.safetensors", 36)
    assert passport["sha256"] == network.hash.hex() and passport["parameters"] == 13_772
    assert json.loads((tmp_path / "made" / "rockefeller.json").read_text()) == passport


def test_what_cannot_be_trained_on_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vault", "train", "--prices", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err
    assert main(["vault", "train", "--simulated", "1", "--epochs", "0"]) == 2
    assert "--epochs must be at least 1, not 0" in capsys.readouterr().err


def test_the_passport_of_the_vault_s_network_is_true_of_it() -> None:
    passport = json.loads((NETWORKS / "rockefeller.json").read_text())
    network = Network.load(NETWORKS / "rockefeller.safetensors", 36)
    assert network.hash.hex() == passport["sha256"]
    assert [network.features, *(len(layer.biases) for layer in network.layers)] == passport["widths"]
    truth = passport["out_of_sample"]
    assert abs(truth["sign"] - 0.5) < 3 * truth["sign_error"]  # a coin: the promise says no more
    assert "does not promise profit" in passport["promise"]
