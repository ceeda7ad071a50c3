"""The page in every state, see frontend/tests/states.mjs: axe, widths, what a finger must hit, a zoom of 200%."""

from __future__ import annotations

import subprocess

import pytest

from server.settings import ROOT


@pytest.mark.slow
def test_every_state_is_accessible() -> None:
    subprocess.run(["node", "tests/states.mjs"], cwd=ROOT / "frontend", check=True, timeout=300)
