"""Documents for GET: made once a version and second for all who ask, compressed once, with an ETag."""

from __future__ import annotations

import gzip
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

FRESH_SECONDS = 1.0
"""How long a copy of an unchanged version is used: it also holds the chain's clock."""
COPIES = 200
"""Most copies that a process keeps; the one that was asked for least recently is dropped first."""


class Copy(NamedTuple):
    version: int
    body: bytes
    compressed: bytes
    made: float
    """Monotonic time."""

    @property
    def etag(self) -> str:
        """Weak: the clock in it may have moved on."""
        return f'W/"{self.version}"'


class Documents:
    """Copies of documents. `load` makes one (None: there is no such game), `version` reads the newest version."""

    def __init__(
        self, load: Callable[[int], Awaitable[tuple[int, str] | None]], version: Callable[[int], Awaitable[int]]
    ) -> None:
        self._load, self._version = load, version
        self._copies: OrderedDict[int, Copy] = OrderedDict()

    async def get(self, game: int) -> Copy | None:
        """The document as it is now; None: there is no such game."""
        held = self._copies.get(game)
        fresh = held is not None and time.monotonic() - held.made < FRESH_SECONDS
        if fresh and held is not None and await self._version(game) == held.version:
            self._copies.move_to_end(game)
            return held
        made = time.monotonic()
        loaded = await self._load(game)
        if loaded is None:
            self._copies.pop(game, None)
            return None
        body = loaded[1].encode()
        copy = self._copies[game] = Copy(loaded[0], body, gzip.compress(body, 6, mtime=0), made)
        self._copies.move_to_end(game)
        if len(self._copies) > COPIES:
            self._copies.popitem(last=False)
        return copy


def matches(header: str, etag: str) -> bool:
    """Whether If-None-Match names this version (RFC 9110, weak comparison)."""
    return any(given.strip() in (etag, "*") or given.strip() == etag.removeprefix("W/") for given in header.split(","))
