"""The whole flow in a browser, see flow.mjs: a visitor stakes, votes, sees a proven move, mates and is paid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.mark.flow
def test_a_visitor_plays_and_is_paid() -> None:
    subprocess.run(["node", Path(__file__).with_name("flow.mjs")], check=True, timeout=400)
