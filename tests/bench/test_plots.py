"""The suite's plot: what is refused is left out, and nothing to draw is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import plots

ROWS = [
    {"parameters": 50_000, "prove_seconds_median": 1.9, "published_seconds": 5},
    {"parameters": 1_200_000, "prove_seconds_median": 8.3, "published_seconds": 77},
    {"refused": "layer 0: too wide"},
]


def test_perceptrons(tmp_path: Path) -> None:
    plots.perceptrons({"published": "Halo2", "networks": ROWS}, tmp_path / "suite.svg")
    assert "seconds of a proof" in (tmp_path / "suite.svg").read_text()
    with pytest.raises(ValueError, match="every network was refused"):
        plots.perceptrons({"published": "Halo2", "networks": ROWS[2:]}, tmp_path / "none.svg")
