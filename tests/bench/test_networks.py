"""Measured networks have the size they are named after."""

from pathlib import Path

from bench import networks
from engine.policy import Network


def test_a_shape_without_a_trained_network_gets_random_weights(tmp_path: Path) -> None:
    file, weights = networks.network_file("tiny", tmp_path)
    assert weights == "random, seed 1"
    assert Network.load(file).parameters == 15 * 8 * 9 + 8 + 8 * 8 * 9 + 8 + 8 * 73 + 73


def test_perceptrons_have_the_published_sizes() -> None:
    for mlp, parameters in zip(networks.MLPS, (50e3, 180e3, 520e3, 1.2e6), strict=False):
        assert 0.9 < networks.perceptron(mlp).parameters / parameters < 1.1


def test_the_deepest_perceptron_has_four_million_parameters() -> None:
    assert [len(mlp.hidden) for mlp in networks.DEPTHS] == [50, 100, 200, 350]
    assert 0.98 < networks.perceptron(networks.DEPTHS[-1]).parameters / 4e6 < 1.02
