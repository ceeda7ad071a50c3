"""The steps of a start: what is being done and how long it took."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

Say = Callable[[str], None]


class Steps:
    """Reports each step with its duration when it ends, and every two seconds while it runs."""

    def __init__(self, say: Say, every: float = 2.0) -> None:
        self.say, self.every = say, every
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[str], None]]:
        """A step. Yields a function that takes the details to report ("keys, 40%")."""
        started, finished, detail = time.monotonic(), threading.Event(), [""]

        def tick() -> None:
            while not finished.wait(self.every):
                self.say(f"  {name} ... {time.monotonic() - started:.0f} s {detail[0]}".rstrip())

        threading.Thread(target=tick, daemon=True).start()
        try:
            yield lambda text: detail.__setitem__(0, text)
        finally:
            finished.set()
        self.seconds[name] = time.monotonic() - started
        self.say(f"  {name:<22} {self.seconds[name]:6.1f} s")
