"""The page's weight and stillness, see frontend/tests/measure.mjs: bytes before the board, and layout shift."""

from __future__ import annotations

import subprocess

import pytest

from server.settings import ROOT


@pytest.mark.slow
def test_the_page_is_light_and_still() -> None:
    subprocess.run(["node", "tests/measure.mjs", "--check"], cwd=ROOT / "frontend", check=True, timeout=300)
