"""Trains the vault's network, 36 -> 128 -> 64 -> 12, and says honestly what it is worth.

The truth is out of sample and walk-forward: the data are cut into parts, each part is predicted by a network trained on
all before it. The network that is written is trained on everything, so nothing can be said of it but that.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import nn

from engine.console import Bar
from engine.dense import Network
from engine.rockefeller.backtest import COST, replay
from engine.rockefeller.hours import BOUNDS, BUCKETS, FEATURES, HOUR, Hours, part

WIDTHS = (FEATURES, 128, 64, BUCKETS)
SCALE = 1 / 16
"""What the model reads features times."""
PARTS = 6
"""Of the data: the first is only trained on."""
BATCH = 256
POINTS = 240
"""Of a course that a passport holds."""


@dataclass(frozen=True)
class Truth:
    """What predictions out of sample were worth."""

    examples: int
    accuracy: float
    """Share of hours whose bucket was right."""
    largest_bucket: float
    """What always naming the part's most frequent bucket of the past would have got."""
    sign: float
    """Share of moves whose sign was right."""
    sign_error: float
    """Standard error of a coin's sign over as many hours: differences of that size mean nothing."""
    trades: int
    vault: float
    """What 1 became by trading, in the quote token."""
    holding: float
    """What 1 became by holding."""
    course: list[tuple[int, float, float]]
    """The way there: at some hours, evenly spaced, its time (Unix seconds) and what 1 was by trading and by holding."""

    def told(self) -> dict[str, Any]:
        """Rounded, for a passport."""
        return {key: round(value, 4) if isinstance(value, float) else value for key, value in vars(self).items()}


def model(seed: int) -> nn.Sequential:
    """An untrained network."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(WIDTHS):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def fit(x: NDArray[np.int64], labels: NDArray[np.int64], seed: int, epochs: int) -> Network:
    """The integers of a network trained on features [n, 36] and buckets [n]."""
    torch.set_num_threads(1)  # so small a network is trained faster without company
    network = model(seed)
    inputs, targets = torch.from_numpy(x * SCALE).float(), torch.from_numpy(labels)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.1)
    batch = min(BATCH, len(x))
    steps = epochs * (len(x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, total_steps=max(steps, 1) + 1)
    for _ in range(epochs):
        for rows in torch.randperm(len(x))[: len(x) // batch * batch].view(-1, batch):
            loss = F.cross_entropy(network(inputs[rows]), targets[rows], label_smoothing=0.1)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return Network.from_torch(network, x, scale=SCALE, name="rockefeller")


def walk_forward(hours: Hours, seed: int, epochs: int) -> Truth:
    """Predicts each part of the data but the first with the integers of a network trained on all before it."""
    x, labels, moves = hours.examples()
    cuts = np.linspace(0, len(x), PARTS + 1).astype(int)
    predicted, common = [], []
    with Bar("vault: walk-forward", PARTS - 1, "parts") as bar:
        for start, end in itertools.pairwise(cuts[1:]):
            # The last example before `start` ends where the first one after it begins: no hour is seen twice.
            predicted.append(fit(x[:start], labels[:start], seed, epochs).classify(x[start:end]))
            common.append(np.full(end - start, np.bincount(labels[:start], minlength=BUCKETS).argmax()))
            bar.advance(1)
    guesses, usual = np.concatenate(predicted), np.concatenate(common)
    labels, moves = labels[cuts[1] :], moves[cuts[1] :]
    moved = moves != 0
    course = replay(guesses, moves)
    points = np.linspace(0, len(moves) - 1, min(POINTS, len(moves))).astype(int)
    begun = hours.start + (FEATURES + 1 + int(cuts[1])) * HOUR  # of the first hour predicted
    return Truth(
        examples=len(guesses),
        accuracy=float((guesses == labels).mean()),
        largest_bucket=float((usual == labels).mean()),
        sign=float(((guesses >= BUCKETS // 2) == (moves > 0))[moved].mean()),
        sign_error=float(0.5 / moved.sum() ** 0.5),
        trades=course.trades,
        vault=float(course.vault[-1]),
        holding=float(course.holding[-1]),
        course=[
            (begun + (n + 1) * HOUR, round(float(course.vault[n]), 4), round(float(course.holding[n]), 4))
            for n in points.tolist()
        ],
    )


def train(hours: Hours, source: dict[str, Any], seed: int = 1, epochs: int = 20) -> tuple[Network, dict[str, Any]]:
    """The network, trained on all hours, and its passport. `source` says where the prices come from."""
    truth = walk_forward(hours, seed, epochs)
    x, labels, _ = hours.examples()
    network = fit(x, labels, seed, epochs)
    return network, {
        "name": network.name,
        "file": f"{network.name}.safetensors",
        "sha256": network.hash.hex(),
        "promise": "The vault obeys this network. It does not promise profit: out of sample the network is right about "
        "as often as a coin.",
        "parameters": network.parameters,
        "widths": list(WIDTHS),
        "shift": network.shift,
        "zero": network.zero,
        "features": f"{FEATURES} differences of hourly mean ticks, oldest first, in steps of 4, int8 (IHours.sol)",
        "buckets": {"bounds_in_ticks": list(BOUNDS), "parts_traded": [part(bucket) for bucket in range(BUCKETS)]},
        "label": "bucket of the move of the hour that begins with the decision: price an hour later less price now",
        "data": {**source, "hours": len(hours), "start": hours.start},
        "training": {
            "seed": seed,
            "epochs": epochs,
            "batch": BATCH,
            "optimiser": "AdamW, one cycle",
            "accuracy": round(network.accuracy(x, labels), 4),
        },
        "out_of_sample": {
            "split": f"walk-forward, {PARTS} parts, each but the first predicted by a network trained on all before it",
            "cost_of_a_trade": COST,
            **truth.told(),
        },
    }


def source_of(path: Path) -> dict[str, Any]:
    """A file of prices, for a passport."""
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
