"""Child processes: start, watch, restart with back-off, stop."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server.settings import ROOT, SettingsError

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_LOG_LIMIT = 5_000_000  # bytes; a longer log is renamed to .old.log, which replaces the one before

STEADY_SECONDS = 60.0
"""A process that ran at least this long counts as healthy: its next restart is not delayed (back-off is reset)."""
MAX_BACKOFF_SECONDS = 30.0
"""Longest wait before a restart."""


@dataclass
class Child:
    """One process to keep running. Its output goes to a log file."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)
    due: float = field(default=0.0, init=False)
    """When a dead child is started again (monotonic clock)."""

    def start(self) -> None:
        """Starts the process. It is killed when the thread that called this ends, so call it from the main thread."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        parent = os.getpid()

        def die_with_parent() -> None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # the parent died before prctl was called
                os._exit(1)

        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=None if self.environment is None else dict(self.environment),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
                start_new_session=True,  # Ctrl-C then reaches the parent only, which stops all in order
            )
        self.started = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process is not None and self.process.poll() is None

    def last_words(self) -> str:
        """The last line of the log that is not empty."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 4096))
                lines = log.read().decode(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def await_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Polls until `ready()` is true. Raises SettingsError if the process dies first or the time is up."""
        end = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise SettingsError(self.last_words() or f"{self.name} stopped at once; see {self.log}")
            if time.monotonic() > end:
                raise SettingsError(f"{self.name} was not ready after {seconds:.0f} s; see {self.log}")
            time.sleep(0.05)


def tend(children: Sequence[Child], report: Callable[[str], None]) -> None:
    """Notes which children died, and restarts those whose wait is over. Call it a few times a second."""
    for child in children:
        now = time.monotonic()
        if child.running:
            continue
        if child.process is not None:
            code = child.process.returncode
            _kill_group(child.process.pid)  # its own children
            child.process = None
            child.failures = 0 if now - child.started > STEADY_SECONDS else child.failures + 1
            wait = min(MAX_BACKOFF_SECONDS, 0.5 * 2 ** min(child.failures, 10))
            child.due = now + wait
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            if code == 2:  # exit code 2: a setting is wrong, and the log's last line names it
                how = child.last_words() or how
            report(f"{child.name} stopped ({how}); starting it again in {wait:.1f} s; its log is {child.log}")
        elif now >= child.due:
            child.start()


def stop(children: Sequence[Child], seconds: float) -> None:
    """Ends all children: SIGTERM, a wait, then SIGKILL for what is left and for their own children."""
    live = [child.process for child in children if child.process is not None]
    for process in live:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + seconds
    for process in live:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, end - time.monotonic()))
        _kill_group(process.pid)
        process.wait()


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
