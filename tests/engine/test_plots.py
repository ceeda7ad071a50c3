"""Plots are written, the same ones for the same figures, and what cannot be drawn is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import plots

MATCH = {"opponent": "Stockfish at UCI_Elo 1500", "score": 0.4, "interval": [0.3, 0.5]}
ELO = {"estimate": 1430, "interval": [1390, 1470]}


def test_strength(tmp_path: Path) -> None:
    other = MATCH | {"opponent": "Stockfish at UCI_Elo 1700", "score": 0.2, "interval": [0.1, 0.3]}
    for name in ("a.svg", "b.svg"):
        plots.strength({"matches": [MATCH, other], "elo": ELO}, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    plots.strength({"matches": [MATCH]}, tmp_path / "unrated.png")
    plots.strength({"matches": [MATCH], "elo": {"estimate": None, "interval": [None, 1200]}}, tmp_path / "lost.svg")
    with pytest.raises(ValueError, match="nothing to plot"):
        plots.strength({"matches": [MATCH | {"opponent": "Stockfish"}]}, tmp_path / "c.svg")


def test_training(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"batch": 512}))
    (tmp_path / "log.jsonl").write_text("")
    with pytest.raises(ValueError, match="is empty"):
        plots.training(tmp_path, tmp_path / "training.svg")
    entries = [{"step": 200, "loss": 3.1, "top1": 0.2}]
    entries += [{"step": 400, "loss": 2.9, "top1": 0.25, "held_out_loss": 3.0, "held_out_top1": 0.22}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, entries)))
    plots.training(tmp_path, tmp_path / "training.svg")
    assert "positions seen" in (tmp_path / "training.svg").read_text()


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="xyz"):
        plots.strength({"matches": [MATCH]}, tmp_path / "a.xyz")
