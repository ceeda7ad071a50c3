"""The networks that are measured: trained ones by name or file, and shapes with random weights."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine import encoding
from engine.policy import ACTIVATION_MAX, NETWORKS, SCORE_BITS, Layer, Network, score_bound

SHAPES = {"flagship": (128, 25), "wide": (256, 12), "large": (448, 12), "tiny": (8, 1)}
"""Channels and 3x3 convolutions after the stem; "tiny" is what ezkl can carry in a few GB."""
FORMAT = {"shift": 16, "zero": 1 << 13}
MLP_FORMAT = {"shift": 13, "zero": 1 << 12}
SEED = 1
"""Of random weights and of the measured positions."""


@dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron of a suite, and what was published for Halo2 at that size, on 64 vCPUs."""

    name: str
    hidden: tuple[int, ...]
    published_seconds: int | None
    published_gb: float | None


PUBLISHED = "Halo2 on 64 vCPUs"
MLPS = (
    Mlp("50k", 2 * (184,), 5, 0.18),
    Mlp("180k", 2 * (384,), 12, None),
    Mlp("520k", 3 * (488,), 65, None),
    Mlp("1.2M", 3 * (752,), 77, None),
    Mlp("4.1M", 3 * (1408,), 100, None),
    Mlp("11M", 5 * (1648,), 176, None),
    Mlp("18M", 6 * (1896,), 313, 48.0),
)
DEPTHS = (
    Mlp("50 layers", 50 * (106,), None, None),
    Mlp("100 layers", 100 * (106,), 133, 21.0),
    Mlp("200 layers", 200 * (106,), 203, None),
    Mlp("350 layers", 350 * (106,), 345, 85.0),
)
"""Deep and narrow: 350 layers have 4M parameters."""
SUITES = {"mlp": MLPS, "depth": DEPTHS}


def network_file(name: str, folder: Path, say: Callable[[str], object] = lambda text: None) -> tuple[Path, str]:
    """A network's file by name or path, and where its weights come from.

    A shape without a trained network gets random weights: time and memory depend on the shape alone.
    Raises ValueError for a name that is neither.
    """
    trained = NETWORKS / f"{name}.safetensors"
    if trained.is_file():
        return trained, "trained, sha256 " + Network.load(trained).hash.hex()
    if name in SHAPES:
        channels, convolutions = SHAPES[name]
        say(f"{name}: random weights")
        file = folder / f"{name}.safetensors"
        Network.random(name, encoding.INPUT_PLANES, channels, convolutions, SEED, **FORMAT).save(file)
        return file, f"random, seed {SEED}"
    if Path(name).is_file():
        return Path(name), "sha256 " + Network.load(Path(name)).hash.hex()
    raise ValueError(f"{name} is no network: neither {', '.join(SHAPES)} nor a file")


def shape_of(network: Network) -> dict[str, Any]:
    """What the size of a network is measured by. Raises ValueError if it is no network for chess."""
    if (network.planes, network.layers[-1].biases.size) != (encoding.INPUT_PLANES, encoding.POLICY_PLANES):
        raise ValueError(f"{network.name} is no network for chess: those have 15 input planes and 73 policy planes")
    return {"parameters": network.parameters, "multiply_adds": network.multiply_adds, "layers": len(network.layers)}


def perceptron(mlp: Mlp) -> Network:
    """1x1 layers from the planes to all moves, with random weights: a perceptron on each square, 64 at once."""
    generator = np.random.default_rng(SEED)
    shift, zero = MLP_FORMAT["shift"], MLP_FORMAT["zero"]
    hidden_bound, logit_bound = (zero - 2) << shift, score_bound(shift, zero) >> SCORE_BITS
    layers = []
    for index, (inputs, outputs) in enumerate(pairwise((encoding.INPUT_PLANES, *mlp.hidden, encoding.POLICY_PLANES))):
        bound = 0.9 * (hidden_bound if index < len(mlp.hidden) else logit_bound)
        reach = bound / (inputs * (ACTIVATION_MAX if index else 1))
        weights = generator.uniform(-reach, reach, size=(outputs, inputs))
        biases = generator.uniform(-0.01, 0.05, size=outputs) * bound
        layers.append(Layer("conv1", False, weights.astype(np.int32), biases.astype(np.int32)))
    return Network(f"mlp-{re.sub('[. ]', '-', mlp.name.lower())}", encoding.INPUT_PLANES, **MLP_FORMAT, layers=layers)
