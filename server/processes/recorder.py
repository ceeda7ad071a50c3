"""The recorder: writes the journal (`server/store/journal.py`) into the database of record.

It takes the oldest entries, writes them in one transaction, and only then removes them from the journal. Killed in
between, it writes the same rows again. While the database is away the journal waits in Redis, and nobody else notices.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, cast

from redis import Redis

from server import metrics
from server.logline import line
from server.processes.loop import run_loop, stop_signal
from server.settings import Settings
from server.store.connect import connect_redis
from server.store.database import Record
from server.store.journal import Entry
from server.store.lease import Lease
from server.store.names import Names

log = logging.getLogger(__name__)

BATCH = 500
"""Most entries in one transaction."""
LOOK_SECONDS = 1.0


class Recorder:
    """Drains the journal. `redis` decodes replies."""

    def __init__(self, redis: Redis, names: Names, record: Record) -> None:
        self.redis, self.names, self.record = redis, names, record
        self.lease = Lease(redis, names.recorder, 15.0)
        self.migrated = False

    def step(self) -> bool:
        """Writes a batch. True: there may be more. Raises DatabaseAway, with nothing removed from the journal."""
        if not self.lease.hold():
            return False
        if not self.migrated:
            self.record.migrate()
            self.migrated = True
        found = cast("list[tuple[str, dict[str, str]]]", self.redis.xrange(self.names.journal, count=BATCH))
        if not found:
            return False
        entries = [entry for name, fields in found if (entry := self._parse(name, fields)) is not None]
        self._write(entries)
        self.redis.xdel(self.names.journal, *(name for name, _ in found))
        return len(found) == BATCH

    def _parse(self, name: str, fields: dict[str, str]) -> Entry | None:
        try:
            return Entry.parse(fields)
        except ValueError as error:
            self._leave_out(error, entry=name, **fields)
            return None

    def _write(self, entries: Sequence[Entry]) -> None:
        """Writes them together, or, if the database refuses one for what it is, each by itself."""
        try:
            if entries:
                self.record.write(entries)
        except ValueError as error:
            if len(entries) > 1:
                for entry in entries:
                    self._write([entry])
                return
            (entry,) = entries
            self._leave_out(error, kind=entry.kind, game=entry.game, text=entry.record.dump())
            return
        for entry in entries:
            metrics.recorded.labels(entry.kind).inc()

    def _leave_out(self, error: Exception, **fields: Any) -> None:
        """An entry that can never be written must not keep the others waiting; the log has it whole."""
        metrics.unrecorded.inc()
        log.error(line("record_left_out", error=str(error).partition("\n")[0], **fields))


def run(settings: Settings) -> None:
    """Writes until SIGTERM or SIGINT."""
    stop = stop_signal()
    redis, names = connect_redis(settings), Names.of(settings)
    recorder = Recorder(redis, names, Record(settings))
    recorder.lease.keep(stop)
    run_loop(recorder.step, redis, None, LOOK_SECONDS, stop)
    recorder.lease.release()
    recorder.record.close()
