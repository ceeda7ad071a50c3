"""Export: the integer network is the quantised tower, inside its bounds or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import data, quantise
from engine.network import Shape, Tower, planes_of
from tests.engine.games import random_game

SMALL = Shape(channels=16, convolutions=4, shift=13, zero=1 << 12)
POSITIONS = data.decode([random_game(seed, plies=60) for seed in range(4)])


def tower(seed: int = 1) -> Tower:
    """An untrained tower whose batch norm has seen some positions."""
    torch.manual_seed(seed)
    made = Tower(SMALL)
    made(planes_of(torch.from_numpy(POSITIONS.boards), torch.zeros(len(POSITIONS))))
    return made.eval()


def test_integer_logits_are_those_of_the_quantised_tower() -> None:
    made = tower()
    network = quantise.quantise(made, "small")
    planes = planes_of(torch.from_numpy(POSITIONS.boards[:50]), torch.zeros(50))
    with torch.no_grad():
        real = made(planes, quantised=True).numpy()
    logits = network.batch_logits(planes.numpy().astype(np.uint8)) / (1 << SMALL.shift)
    error = np.abs(real - logits) / real.std()  # weights are rounded too, so an activation may be a step apart
    assert error.max() < 0.5 and error.mean() < 0.02


def test_agreement_is_counted() -> None:
    made = tower()
    network = quantise.quantise(made, "small")
    agrees = quantise.agreement(made, network, POSITIONS)
    assert agrees["positions"] == len(POSITIONS) and agrees["float_and_integer_top1"] > 0.9
    assert quantise.agreement(made, quantise.quantise(tower(2), "other"), POSITIONS)["float_and_integer_top1"] < 0.5


def test_a_tower_over_its_bounds_is_refused() -> None:
    made = tower()
    with torch.no_grad():
        made.layers()[2].norm.weight[3] *= 1000
    with pytest.raises(ValueError, match="layer 2, channel 3: sums reach"):
        quantise.quantise(made, "small")
    made = tower()
    with torch.no_grad():
        made.head.weight[7] *= 1e6
    with pytest.raises(ValueError, match="layer 5, channel 7: sums reach"):
        quantise.quantise(made, "small")


def test_bounds_of_tower_and_network_agree() -> None:
    made = tower()
    network = quantise.quantise(made, "small")
    for index, bounds in enumerate(made.bounds()):
        low, high = network.ranges(index)
        reach = np.maximum(-low, high) / (1 << SMALL.shift)
        assert np.allclose(reach, bounds.detach().numpy(), rtol=0.01, atol=1)


def test_a_passport_names_its_network(tmp_path: Path) -> None:
    games = tmp_path / "games-1.bin"
    games.write_bytes(b"labelled")
    made = tower()
    network = quantise.quantise(made, "small")
    passport = quantise.passport(network, [games], {"steps": 1}, {"positions": 2})
    assert passport["sha256"] == network.hash.hex() and passport["parameters"] == network.parameters
    assert 0 < passport["bounds"]["hidden_share_used"] <= 1 and 0 < passport["bounds"]["score_share_used"] <= 1
    assert list(passport["data"]["files"]) == ["games-1.bin"]


def test_integers_too_large_for_their_type_are_refused() -> None:
    made = tower()
    made.shape = replace(SMALL, shift=16, zero=1 << 13)
    with torch.no_grad():
        made.layers()[0].norm.bias[0] = 1e9
    with pytest.raises(ValueError, match="layer 0, channel 0"):
        quantise.quantise(made, "small")
