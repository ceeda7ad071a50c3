"""The whole flow in a browser, see flow.mjs: two visitors stake, vote, see a proven move, mate and are paid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.mark.flow
def test_visitors_play_and_are_paid() -> None:
    subprocess.run(["node", Path(__file__).with_name("flow.mjs")], check=True, timeout=600)
