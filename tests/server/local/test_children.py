from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from server.local import children
from server.local.children import Child, stop, tend
from server.settings import SettingsError


def await_(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def shell(tmp_path: Path, script: str) -> Child:
    return Child("thing", ["sh", "-c", script], tmp_path / "thing.log")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_dead_child_is_started_again_after_a_wait(tmp_path: Path) -> None:
    said: list[str] = []
    child = shell(tmp_path, "exec sleep 60")
    child.start()
    try:
        assert child.process is not None
        first = child.process.pid
        os.kill(first, signal.SIGKILL)
        await_(lambda: not child.running)
        tend([child], said.append)
        assert said == [f"thing stopped (SIGKILL); starting it again in 1.0 s; its log is {child.log}"]
        assert not child.running
        await_(lambda: tend([child], said.append) or child.running)
        assert child.process.pid != first and len(said) == 1
    finally:
        stop([child], 1)
    assert not child.running


def test_a_wrong_setting_is_passed_on(tmp_path: Path) -> None:
    said: list[str] = []
    child = shell(tmp_path, "echo 'proofmate: NETWORK: damaged' >&2; exit 2")
    child.start()
    await_(lambda: not child.running)
    tend([child], said.append)
    assert said[0].startswith("thing stopped (proofmate: NETWORK: damaged); starting it again in ")


def test_waits_grow_to_a_limit(tmp_path: Path) -> None:
    child = shell(tmp_path, "exit 3")
    waits = []
    for _ in range(9):
        child.start()
        await_(lambda: not child.running)
        tend([child], lambda text: None)
        waits.append(round(child.due - time.monotonic(), 1))
    assert waits[:3] == [1.0, 2.0, 4.0] and waits[-1] == children.MAX_BACKOFF_SECONDS


def test_a_child_that_dies_before_it_is_ready_gives_its_last_words(tmp_path: Path) -> None:
    child = shell(tmp_path, "echo 'PORT: taken' >&2; echo; exit 2")
    child.start()
    with pytest.raises(SettingsError, match=r"^PORT: taken$"):
        child.await_ready(lambda: False, 10)


def test_a_child_that_is_never_ready(tmp_path: Path) -> None:
    child = shell(tmp_path, "exec sleep 60")
    child.start()
    with pytest.raises(SettingsError, match="thing was not ready after 0 s"):
        child.await_ready(lambda: False, 0.1)
    stop([child], 1)


def test_stop_kills_the_deaf_and_their_children(tmp_path: Path) -> None:
    child = shell(tmp_path, "trap '' TERM; sleep 60 & echo $!; while true; do sleep 1; done")
    child.start()
    await_(lambda: child.last_words().isdigit())
    grandchild = int(child.last_words())
    stop([child], 0.2)
    await_(lambda: not alive(grandchild))
    assert not child.running


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import pathlib, time
from server.local.children import Child
child = Child("thing", ["sleep", "60"], pathlib.Path({str(tmp_path)!r}) / "thing.log")
child.start()
print(child.process.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    await_(lambda: not alive(pid))


def test_a_long_log_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "_LOG_LIMIT", 10)
    child = shell(tmp_path, "echo new")
    child.log.write_text("a line that is too long\n")
    child.start()
    await_(lambda: child.last_words() == "new")
    assert (tmp_path / "thing.old.log").read_text().startswith("a line")
    stop([child], 1)
