"""Plots of benchmarks for the documentation. Needs matplotlib (group test)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from engine.plots import save


def perceptrons(result: dict[str, Any], target: Path) -> None:
    """Seconds of a proof over parameters, beside the published ones; both axes are logarithmic.

    `result` is what `proving.perceptrons` returns. Raises ValueError if every network was refused.
    """
    rows = [row for row in result["networks"] if "refused" not in row]
    if not rows:
        raise ValueError("every network was refused: there is nothing to plot")
    sizes = [row["parameters"] for row in rows]
    figure = Figure(figsize=(6, 3.6))
    axes = figure.subplots()
    published = [row["published_seconds"] or float("nan") for row in rows]
    axes.loglog(sizes, published, "s--", label=f"published: {result['published']}")
    axes.loglog(sizes, [row["prove_seconds_median"] for row in rows], "o-", label="measured here, 64 inputs at once")
    axes.set_xlabel("parameters")
    axes.set_ylabel("seconds of a proof")
    axes.legend()
    axes.grid(alpha=0.3, which="both")
    save(figure, target)
