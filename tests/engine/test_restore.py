"""A tower made of an integer network plays as that does, and is ready to be trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine import data, network
from engine.policy import NETWORKS, Network
from engine.quantise import agreement, quantise
from engine.restore import restore
from tests.engine.games import random_game


def test_what_is_played_goes_there_and_back() -> None:
    played = Network.load(NETWORKS / "small.safetensors")
    positions = data.decode([random_game(seed) for seed in range(12)])
    planes = network.planes_of(torch.from_numpy(positions.boards), torch.zeros(len(positions)))
    tower = network.Tower(network.SHAPES["small"])
    restore(tower, played, planes)
    assert agreement(tower, played, positions)["float_and_integer_top1"] > 0.95
    again = quantise(tower, "small", planes)
    for before, after in zip(played.layers, again.layers, strict=True):
        assert np.abs(before.weights.astype(np.int64) - after.weights).max() <= 1
    with torch.no_grad():  # with the statistics of the batch it is the same tower
        assert torch.allclose(tower.eval()(planes), tower.train()(planes), atol=0.02)


def test_another_shape_is_refused() -> None:
    tower = network.Tower(network.SHAPES["small"])
    planes = torch.zeros(2, 15, 8, 8)
    for channels, convolutions in ((72, 8), (64, 6)):
        other = Network.random("other", 15, channels, convolutions, seed=3, shift=13, zero=1 << 12)
        with pytest.raises(ValueError, match="other has another shape than the tower that is to be trained"):
            restore(tower, other, planes)
