"""`make` says in one sentence what is missing before it starts anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from server.settings import ROOT

TOOLS = ("sh", "dirname", "sed", "sort", "head", "tr", "cut", "printf")


def check(folder: Path, **versions: str | None) -> subprocess.CompletedProcess[str]:
    """Runs scripts/check with programs that print these versions, and no others but the shell's tools."""
    for tool in TOOLS:
        program = shutil.which(tool)
        assert program
        (folder / tool).symlink_to(program)
    for name, says in versions.items():
        if says is not None:
            (folder / name).write_text(f"#!/bin/sh\n{says}\n")
            (folder / name).chmod(0o755)
    command = [ROOT / "scripts" / "check"]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


GOOD = {
    "python3": "echo 3.13.1",
    "node": "echo v20.1.0",
    "npm": "echo 10",
    "cargo": "echo cargo",
    "rustc": "echo rustc 1.100.0 '(abc)'",
}


def test_nothing_is_said_when_all_is_there(tmp_path: Path) -> None:
    result = check(tmp_path, **GOOD)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"node": "echo v18.20.4"}, "Proofmate needs Node 20 or later (found 18.20.4): "),
        ({"node": None, "npm": None}, "Proofmate needs Node 20 or later (not found), npm: "),
        ({"python3": "echo 3.9.2"}, "Proofmate needs Python 3.11 or later (found 3.9.2): "),
        ({"python3": 'case "$2" in *venv*) exit 1;; esac; echo 3.12.0'}, "Proofmate needs Python's venv (Debian"),
        ({"cargo": None}, " or later (not found): "),
        ({"rustc": "echo rustc 1.60.0"}, " or later (found 1.60.0): "),
    ],
)
def test_one_sentence_says_what_is_missing(tmp_path: Path, changed: dict[str, str | None], said: str) -> None:
    result = check(tmp_path, **(GOOD | changed))
    assert result.returncode == 1 and said in result.stderr
    assert len(result.stderr.splitlines()) == 1 and result.stderr.endswith("install that and run make again.\n")


def test_this_machine_has_what_it_needs() -> None:
    result = subprocess.run([ROOT / "scripts" / "check"], env=os.environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
