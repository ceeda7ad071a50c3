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

from server.logline import line
from server.store.names import Names

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
"""Time between two heartbeats of a worker that has a job."""
LEASE_SECONDS = 8
"""After this time without a heartbeat another worker takes the job over."""
LOOK_SECONDS = 1.0
"""Least time between two looks at the same job."""
RETRY_SECONDS = 10.0
"""After this time a job that failed, or that nobody seems to hold, is queued again."""


class Jobs:
    """The queue. `redis` must answer with bytes."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self.redis = redis
        self.names = names
        self.queue = Queue(names.queue, connection=redis, serializer=JSONSerializer)
        self._looked: dict[str, float] = {}
        self._lost: dict[str, float] = {}

    def ensure(self, game: int, ply: int, position_key: str) -> bool:
        """Queues the proof of a ply unless it is queued or a living worker has it. True: it was queued now."""
        name = self.names.job(game, ply, position_key)
        now = time.monotonic()
        if now - self._looked.get(name, float("-inf")) < LOOK_SECONDS:
            return False
        self._looked = {name: now for name, at in self._looked.items() if now - at < RETRY_SECONDS} | {name: now}
        self.queue.started_job_registry.cleanup()
        self._drop(name)
        try:
            self.queue.enqueue(
                "server.processes.worker.prove",
                game,
                ply,
                position_key,
                job_id=name,
                unique=True,
                job_timeout=3600,
                result_ttl=0,
                failure_ttl=3600,
                retry=Retry(max=3),
            )
        except DuplicateJobError:
            return False
        log.info(line("proof_queued", game=game, ply=ply))
        return True

    def _drop(self, name: str) -> None:
        """Removes a job that failed a while ago, or that a worker took from the queue and died before it began."""
        job = self.queue.fetch_job(name)
        if job is None:
            return
        status = job.get_status(refresh=False)
        if status in (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED, JobStatus.FINISHED):
            ended = job.ended_at or datetime.now(UTC)
            if (datetime.now(UTC) - ended.astimezone(UTC)).total_seconds() > RETRY_SECONDS:
                job.delete()
            return
        held = name in self.queue.started_job_registry or self.queue.get_job_position(name) is not None
        if held:
            self._lost.pop(name, None)
        elif time.monotonic() - self._lost.setdefault(name, time.monotonic()) > RETRY_SECONDS:
            self._lost.pop(name)
            log.warning(line("job_lost", job=name))
            self.queue.intermediate_queue.remove(name)
            job.delete()
