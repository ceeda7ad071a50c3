"""Plots for the documentation: a training run, and strength against Elo. Needs matplotlib (groups train and test)."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from engine.elo import expected

mpl.rcParams["svg.hashsalt"] = "proofmate"  # the same figures give the same file


def save(figure: Figure, target: Path) -> None:
    """Writes a figure; the ending says the format. Raises ValueError for an unknown one, OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if target.suffix == ".svg" else None
    figure.savefig(target, dpi=150, bbox_inches="tight", metadata=metadata)


def training(run: Path, target: Path) -> None:
    """Loss and top-1 accuracy over positions, of a run's folder. Raises OSError or ValueError if it has no log."""
    batch = json.loads((run / "config.json").read_text())["batch"]
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    if not entries:
        raise ValueError(f"{run / 'log.jsonl'} is empty")
    figure = Figure(figsize=(8, 3.2))
    loss, accuracy = figure.subplots(1, 2)
    for axes, training_key, held_out_key in ((loss, "loss", "held_out_loss"), (accuracy, "top1", "held_out_top1")):
        axes.plot([entry["step"] * batch / 1e6 for entry in entries], [entry[training_key] for entry in entries])
        held_out = [entry for entry in entries if held_out_key in entry]
        axes.plot(
            [entry["step"] * batch / 1e6 for entry in held_out], [entry[held_out_key] for entry in held_out], "o-"
        )
        axes.legend(["training", "held out"])
        axes.set_xlabel("positions seen (millions)")
        axes.grid(alpha=0.3)
    loss.set_ylabel("loss (nats)")
    accuracy.set_ylabel("top-1 accuracy")
    figure.tight_layout()
    save(figure, target)


def strength(result: dict[str, Any], target: Path) -> None:
    """The score of each match with Stockfish at a UCI_Elo, and what the estimated rating predicts.

    `result` is what `proofmate strength` prints, or the `strength` of a passport. Raises ValueError if no match was
    played against a UCI_Elo.
    """
    matches = [match for match in result.get("matches", []) if "UCI_Elo" in match["opponent"]]
    if not matches:
        raise ValueError("no match with Stockfish at a UCI_Elo: there is nothing to plot")
    elos = [int(match["opponent"].split()[-1]) for match in matches]
    scores = [match["score"] for match in matches]
    below = [match["score"] - match["interval"][0] for match in matches]
    above = [match["interval"][1] - match["score"] for match in matches]
    figure = Figure(figsize=(6, 3.6))
    axes = figure.subplots()
    axes.errorbar(elos, scores, yerr=[below, above], fmt="o", capsize=3, label="matches, 95%")
    rated = result.get("elo", {})
    if rated.get("estimate") is not None:
        line = [min(elos) - 100 + step for step in range(math.ceil(max(elos) - min(elos) + 200))]
        axes.plot(line, [expected(rated["estimate"], elo) for elo in line], label=f"Elo {rated['estimate']}")
        low, high = rated["interval"]
        axes.fill_between(line, [expected(low, e) for e in line], [expected(high, e) for e in line], alpha=0.2)
    axes.set_ylim(0, 1)
    axes.set_xlabel("Stockfish's UCI_Elo")
    axes.set_ylabel("score of the network")
    axes.legend()
    axes.grid(alpha=0.3)
    save(figure, target)
