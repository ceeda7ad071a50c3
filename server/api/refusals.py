"""Refusals of ballots that their seat had signed, for the database of record. They are evidence, as receipts are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.logline import line
from server.store.journal import Refusal, note
from server.store.names import Names

log = logging.getLogger(__name__)

NOTED = frozenset({"voted", "closed", "relay", "budget", "full", "often", "disk", "replicas"})
"""Codes of refusals after the signature was found good, so nobody can fill the journal in another's name."""
REMEMBERED = 20_000
"""Refusals that are not noted again, and most that wait while Redis is away."""
FLUSH_SECONDS = 1.0


class Refusals:
    """Collects refusals, each once a seat, ply and code, and adds them to the journal every second."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self.redis, self.names = redis, names
        self._seen: OrderedDict[tuple[int, int, int, str], None] = OrderedDict()
        self._waiting: deque[tuple[int, Refusal]] = deque(maxlen=REMEMBERED)

    def add(self, game: int, ply: int, seat: int, move: str, code: str) -> None:
        """A ballot was refused."""
        key = (game, ply, seat, code)
        if code not in NOTED or key in self._seen:
            return
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._waiting.append((game, Refusal(ply=ply, seat=seat, move=move, code=code, at=int(time.time()))))

    async def flush(self) -> None:
        """Adds what waits to the journal. While Redis is away it goes on waiting."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, deque(maxlen=REMEMBERED)
        try:
            async with self.redis.pipeline(transaction=True) as pipe:
                for game, refusal in waiting:
                    note(pipe, self.names, "refusal", game, refusal)
                await pipe.execute()
        except BaseException as error:
            waiting.extend(self._waiting)  # the oldest are dropped if there are too many
            self._waiting = waiting
            if not isinstance(error, RedisError):
                raise
            log.warning(line("refusals_wait", refusals=len(waiting), error=error))

    async def run(self) -> None:
        """Flushes until cancelled. What is left then the caller flushes."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()
