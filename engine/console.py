"""How long work shows itself, on stderr: a bar with the time left on a terminal, one JSON line a step otherwise.

with Bar("strength", total=200, unit="games") as bar:
    for game in games:
        play(game)
        bar.advance(points=points)

A line of JSON: {"work": "strength", "done": 3, "total": 200, "unit": "games", "seconds": 12.1, "seconds_left": 790.4,
"points": 1.5}. `seconds_left` is null until something is done or if the total is unknown.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from types import TracebackType
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Bar:
    """Progress of one piece of work. Threads may share it.

    total: how many units the work has, None if that is unknown.
    every: the least time in seconds between two lines of JSON; the last one is always written. Without effect on a bar.
    start: units that were done before, in an earlier run; the time left is estimated without them.
    """

    def __init__(
        self,
        work: str,
        total: int | None,
        unit: str,
        every: float = 0.0,
        start: int = 0,
        stream: TextIO | None = None,
    ) -> None:
        self.work, self.total, self.unit, self.every = work, total, unit, every
        self.done = self._start = start
        self._stream = stream or sys.stderr
        self._began = time.monotonic()
        self._written = float("-inf")
        self._fields: dict[str, Any] = {}
        self._pending = False
        self._lock = threading.Lock()
        self._rich: Progress | None = None

    def __enter__(self) -> Bar:
        self._began = time.monotonic()
        if self._stream.isatty():
            self._rich = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(self.unit),
                TimeElapsedColumn(),
                TextColumn("left:"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=Console(file=self._stream),
            )
            self._task = self._rich.add_task(self.work, total=self.total, completed=self.done, note="")
            self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rich is not None:
            self._rich.stop()
        elif self._pending:
            self._write(time.monotonic())

    def advance(self, units: int = 1, **fields: Any) -> None:
        """So many more units are done; the fields say what else is known now (JSON values)."""
        with self._lock:
            self.done += units
            self._fields = fields
            if self._rich is not None:
                note = "  ".join(f"{name} {value}" for name, value in fields.items())
                self._rich.update(self._task, completed=self.done, note=note)
                return
            now = time.monotonic()
            self._pending = True
            if now - self._written >= self.every or self.done == self.total:
                self._write(now)

    def note(self, **fields: Any) -> None:
        """Says what is known now (JSON values), such as the step that has begun; nothing more is done yet."""
        self.advance(0, **fields)

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

    def _write(self, now: float) -> None:
        left = self.seconds_left()
        line: dict[str, Any] = {"work": self.work, "done": self.done, "total": self.total, "unit": self.unit}
        line |= {"seconds": round(now - self._began, 1), "seconds_left": None if left is None else round(left, 1)}
        print(json.dumps(line | self._fields), file=self._stream, flush=True)
        self._written, self._pending = now, False
