"""A step of ezkl's in a process of its own: what it returns, what it raises, and that nothing of it stays."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from engine.ezkl_process import file_hash, run
from engine.proof import Progress, ProofCancelled


def double(value: int, step: Progress) -> int:
    print("what ezkl prints to stdout")
    step("half", 0.5)
    return 2 * value


def refuse(step: Progress) -> None:
    raise ValueError("it is too large")


def panic(step: Progress) -> None:
    raise BaseException("a panic in Rust")


def die(step: Progress) -> None:
    os._exit(9)


def wait(step: Progress) -> None:
    time.sleep(600)


def test_result_progress_and_memory_come_back(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, float]] = []
    value, peak = run(double, 21, progress=lambda name, fraction: told.append((name, fraction)))
    assert (value, told) == (42, [("half", 0.5)]) and peak > 1 << 20
    captured = capfd.readouterr()
    assert captured.out == "" and "what ezkl prints" in captured.err, "stdout is for results"


def test_what_goes_wrong_there_is_raised_here() -> None:
    with pytest.raises(ValueError, match=r"^it is too large$"):
        run(refuse)
    with pytest.raises(RuntimeError, match="ezkl: a panic in Rust"):
        run(panic)
    with pytest.raises(RuntimeError, match=r"died \(exit code 9\): out of memory\?"):
        run(die)


def test_a_cancelled_step_is_killed() -> None:
    with pytest.raises(ProofCancelled):
        run(wait, cancelled=lambda: True)
    assert not multiprocessing.active_children()


def test_a_files_hash(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert file_hash(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
