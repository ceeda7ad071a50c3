"""Progress of long work on stderr, and its clean end: a bar with the time left on a terminal, else a JSON line a step.

with Bar("strength", total=200, unit="games") as bar:
    for game in games:
        play(game)
        bar.advance(points=points)

A line of JSON: {"work": "strength", "done": 3, "total": 200, "unit": "games", "seconds": 12.1, "seconds_left": 790.4,
"expected_end": "2026-11-25 21:30 UTC", "points": 1.5}. `seconds_left` and `expected_end` are null until something is
done or if the total is unknown. Fields such as `points` are repeated in each line until they change.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType, TracebackType
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column


class Bar:
    """Progress of one piece of work. Threads may share it.

    total: how many units the work has, None if that is unknown.
    every: the least time in seconds between two lines of JSON; the last one is always written. Without effect on a bar.
    start: units that were done before, in an earlier run; the time left is estimated without them.
    shown: False counts and shows nothing, for all but one of several processes that work alike.
    """

    def __init__(
        self,
        work: str,
        total: int | None,
        unit: str,
        every: float = 0.0,
        start: int = 0,
        stream: TextIO | None = None,
        shown: bool = True,
    ) -> None:
        self.work, self.total, self.unit, self.every = work, total, unit, every
        self.done = self._start = start
        self._stream, self._shown = stream or sys.stderr, shown
        self._began = time.monotonic()
        self._written = float("-inf")
        self._fields: dict[str, Any] = {}
        self._pending = False
        self._lock = threading.Lock()
        self._rich: Progress | None = None

    def __enter__(self) -> Bar:
        self._began = time.monotonic()
        if self._shown and self._stream.isatty():
            self._rich = Progress(
                TextColumn("{task.description}"),
                BarColumn(20),
                MofNCompleteColumn(table_column=Column(no_wrap=True, min_width=2 * len(str(self.total)) + 1)),
                TextColumn(self.unit, table_column=Column(no_wrap=True, min_width=len(self.unit))),
                TimeRemainingColumn(table_column=Column(no_wrap=True, min_width=7)),
                TextColumn("{task.fields[end]}", table_column=Column(no_wrap=True, min_width=14)),
                # What is known besides takes the rest of the line, and is cut where that is too short.
                TextColumn("{task.fields[note]}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")),
                console=Console(file=self._stream),
                expand=True,
            )
            self._task = self._rich.add_task(self.work, total=self.total, completed=self.done, note="", end="")
            self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rich is not None:
            self._rich.stop()
        elif self._shown and self._pending:
            self._write(time.monotonic())

    def advance(self, units: int = 1, **fields: Any) -> None:
        """So many more units are done; the fields say what else is known now (JSON values)."""
        with self._lock:
            self._show(units, fields, at_once=False)

    def note(self, **fields: Any) -> None:
        """Says at once what is known now (JSON values), such as the step that has begun; nothing more is done yet."""
        with self._lock:
            self._show(0, fields, at_once=True)

    def _show(self, units: int, fields: dict[str, Any], at_once: bool) -> None:
        self.done += units
        self._fields |= fields
        if self._rich is not None:
            note = escape("  ".join(f"{name} {value}" for name, value in self._fields.items()))
            end = self.expected_end()
            self._rich.update(self._task, completed=self.done, note=note, end=f"ends {end[11:]}" if end else "")
            return
        now = time.monotonic()
        self._pending = True
        if self._shown and (at_once or now - self._written >= self.every or self.done == self.total):
            self._write(now)

    def say(self, text: str) -> None:
        """A line for people, above the bar; a line of JSON with the key `text` otherwise."""
        with self._lock:
            if self._rich is not None:
                self._rich.console.print(text, markup=False, highlight=False)
            else:
                print(json.dumps({"work": self.work, "text": text}), file=self._stream, flush=True)

    def seconds_left(self) -> float | None:
        """An estimate from the pace so far; None if nothing is done yet or the total is unknown."""
        worked = self.done - self._start
        if self.total is None or worked <= 0:
            return None
        return (time.monotonic() - self._began) / worked * max(0, self.total - self.done)

    def expected_end(self) -> str | None:
        """When the work will be done at the pace so far, "YYYY-MM-DD HH:MM UTC"; None where `seconds_left` is."""
        left = self.seconds_left()
        return None if left is None else f"{datetime.now(UTC) + timedelta(seconds=left):%Y-%m-%d %H:%M} UTC"

    def _write(self, now: float) -> None:
        left = self.seconds_left()
        line: dict[str, Any] = {"work": self.work, "done": self.done, "total": self.total, "unit": self.unit}
        line |= {"seconds": round(now - self._began, 1), "seconds_left": None if left is None else round(left, 1)}
        line["expected_end"] = self.expected_end()
        print(json.dumps(line | self._fields), file=self._stream, flush=True)
        self._written, self._pending = now, False


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_cleanly() -> Iterator[Callable[[], bool]]:
    """Lets work end where it can: while this lasts, the first of SIGNALS only makes the function it yields return True.

    The work is to look at it often and to leave what it has in order; KeyboardInterrupt follows at the end. A second
    signal raises KeyboardInterrupt at once. To be called from the main thread.
    """
    came = threading.Event()

    def remember(number: int, frame: FrameType | None) -> None:
        if came.is_set():
            raise KeyboardInterrupt
        came.set()

    before = {number: signal.signal(number, remember) for number in SIGNALS}
    try:
        yield came.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came.is_set():
        raise KeyboardInterrupt


def ignore_signals() -> None:
    """For processes that another one of ours ends: a signal from the terminal goes to that one alone."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
