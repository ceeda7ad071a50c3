"""Export: the integer network is the quantised tower, inside its bounds or refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import data, quantise
from engine.network import Shape, Tower, planes_of
from engine.policy import logit_unit
from tests.engine.games import random_game

SMALL = Shape(channels=16, convolutions=4, shift=13, zero=1 << 12)
POSITIONS = data.decode([random_game(seed, plies=60) for seed in range(4)])
PLANES = planes_of(torch.from_numpy(POSITIONS.boards), torch.zeros(len(POSITIONS)))


def tower(seed: int = 1) -> Tower:
    """An untrained tower whose batch norm has seen some positions."""
    torch.manual_seed(seed)
    made = Tower(SMALL)
    made(PLANES)
    return made.eval()


def test_integer_logits_are_those_of_the_quantised_tower() -> None:
    made = tower()
    network = quantise.quantise(made, "small", PLANES)
    with torch.no_grad():
        real = made(PLANES[:50], quantised=True).numpy()
    logits = network.batch_logits(PLANES[:50].numpy().astype(np.uint8)) / logit_unit(SMALL.shift)
    error = np.abs(real - logits) / real.std()  # weights are rounded too, so an activation may be a step apart
    assert error.max() < 0.5 and error.mean() < 0.02


def test_agreement_is_counted() -> None:
    made = tower()
    network = quantise.quantise(made, "small", PLANES)
    agrees = quantise.agreement(made, network, POSITIONS)
    assert agrees["positions"] == len(POSITIONS) and agrees["float_and_integer_top1"] > 0.9
    other = quantise.quantise(tower(2), "other", PLANES)
    assert quantise.agreement(made, other, POSITIONS)["float_and_integer_top1"] < 0.5


def test_rounded_weights_do_not_move_the_mean_of_a_channel() -> None:
    made = tower()
    made.shape = replace(SMALL, shift=8, zero=1 << 12)  # coarse weights
    network = quantise.quantise(made, "small", PLANES)
    with torch.no_grad():
        real = made(PLANES).mean(0).view(73, 64).mean(1).numpy()
    integer = network.batch_logits(PLANES.numpy().astype(np.uint8)).mean(0).reshape(73, 64).mean(1) / logit_unit(8)
    assert np.abs(real - integer).mean() < 0.02 * real.std()


def test_a_tower_over_its_bounds_is_refused() -> None:
    made = tower()
    with torch.no_grad():
        made.layers()[2].norm.weight[3] *= 1000
    with pytest.raises(ValueError, match="layer 2, channel 3: sums reach"):
        quantise.quantise(made, "small", PLANES)
    made = tower()
    with torch.no_grad():
        made.head.weight[7] *= 1e6
    with pytest.raises(ValueError, match="layer 5, channel 7: sums reach"):
        quantise.quantise(made, "small", PLANES)


def test_a_weight_beyond_16_bits_is_cut_only_if_it_is_a_rare_one(monkeypatch: pytest.MonkeyPatch) -> None:
    made = tower()
    layer = made.layers()[1]
    with torch.no_grad():
        factor = layer.norm.weight[0] / (layer.norm.running_var[0] + layer.norm.eps).sqrt()
        layer.weight[0, 0] = 5 / factor  # 40,960 in steps of 2^-13
    kept = quantise.quantise(made, "small", PLANES).layers[1].weights
    assert kept.dtype == np.int32 and abs(int(kept[0, 0, 0, 0]) - 40_960) <= 1
    monkeypatch.setattr(quantise, "OUTLIERS", 2 / kept.size)
    cut = quantise.quantise(made, "small", PLANES).layers[1].weights
    assert cut.dtype == np.int16 and cut[0, 0, 0, 0] == 32_767
    assert (cut != kept).sum() == 1


def test_bounds_of_tower_and_network_agree() -> None:
    made = tower()
    network = quantise.quantise(made, "small", PLANES)
    for index, bounds in enumerate(made.bounds()):
        low, high = network.ranges(index)
        reach = np.maximum(-low, high) / (1 << SMALL.shift)
        assert np.allclose(reach, bounds.detach().numpy(), rtol=0.01, atol=1)


def test_a_passport_names_its_network(tmp_path: Path) -> None:
    games = tmp_path / "games-1.bin"
    games.write_bytes(b"labelled")
    made = tower()
    network = quantise.quantise(made, "small", PLANES)
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
        quantise.quantise(made, "small", PLANES)
