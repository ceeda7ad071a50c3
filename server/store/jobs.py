"""Proving jobs: a queue on Redis (RQ).

A job's id names the game, the ply and the position, so none is done twice at once.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from server.store.keys import Keys

log = logging.getLogger(__name__)

HEARTBEAT = 2.0
"""Seconds between a worker's signs of life."""
LEASE = 8
"""Seconds after the last of them until the job is taken over."""
LOOK = 1.0
"""Seconds between looks at a job that is under way."""
PAUSE = 10.0
"""Seconds until a job that failed, or that nobody seems to hold, is asked for again."""


class Jobs:
    """The queue. `redis` must answer with bytes."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.keys = keys
        self.queue = Queue(keys.queue, connection=redis, serializer=JSONSerializer)
        self._looked: dict[str, float] = {}
        self._lost: dict[str, float] = {}

    def ensure(self, game: int, ply: int, position: str) -> bool:
        """Sees to it that this ply is being proven, whoever died. True: it was not, and is asked for now."""
        name = self.keys.job(game, ply, position)
        now = time.monotonic()
        if now - self._looked.get(name, float("-inf")) < LOOK:
            return False
        self._looked = {name: now for name, at in self._looked.items() if now - at < PAUSE} | {name: now}
        self.queue.started_job_registry.cleanup()
        self._drop(name)
        try:
            self.queue.enqueue(
                "server.processes.worker.prove",
                game,
                ply,
                position,
                job_id=name,
                unique=True,
                job_timeout=3600,
                result_ttl=0,
                failure_ttl=3600,
                retry=Retry(max=3),
            )
        except DuplicateJobError:
            return False
        log.info("asked for the proof of game %s, ply %s", game, ply)
        return True

    def _drop(self, name: str) -> None:
        """Removes a job that failed a while ago, or that a worker took from the queue and died before it began."""
        job = self.queue.fetch_job(name)
        if job is None:
            return
        status = job.get_status(refresh=False)
        if status in (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED, JobStatus.FINISHED):
            ended = job.ended_at or datetime.now(UTC)
            if (datetime.now(UTC) - ended.astimezone(UTC)).total_seconds() > PAUSE:
                job.delete()
            return
        held = name in self.queue.started_job_registry or self.queue.get_job_position(name) is not None
        if held:
            self._lost.pop(name, None)
        elif time.monotonic() - self._lost.setdefault(name, time.monotonic()) > PAUSE:
            self._lost.pop(name)
            log.warning("job %s was lost", name)
            self.queue.intermediate_queue.remove(name)
            job.delete()
