"""Proving jobs: two queues on Redis (RQ). Those of a vault wait until there are none of games.

A job's id names the game, the ply and the position, or the hour and the network's input, so none is done twice at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from redis import Redis
from rq import Queue, Retry
from rq.defaults import RQ_KEY_PREFIX
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
        self.queue, self.vault_queue = queues(redis, names)
        self._looked: dict[str, float] = {}
        self._lost: dict[str, float] = {}

    def ensure(self, game: int, ply: int, position_key: str) -> bool:
        """Queues the proof of a ply unless it is queued or a living worker has it. True: it was queued now."""
        name = self.names.job(game, ply, position_key)
        queued = self._ensure(self.queue, name, "server.processes.worker.prove", game, ply, position_key)
        if queued:
            log.info(line("proof_queued", game=game, ply=ply))
        return queued

    def ensure_decision(self, hour: int, key: str, features: Sequence[int], payee: str) -> bool:
        """The same for the proof of a vault's decision; `key` names the features (`key_of_input`)."""
        name = self.names.decision_job(hour, key)
        task = "server.processes.deciding.decide"
        queued = self._ensure(self.vault_queue, name, task, hour, list(features), payee)
        if queued:
            log.info(line("decision_queued", hour=hour))
        return queued

    def _ensure(self, queue: Queue, name: str, task: str, *args: object) -> bool:
        now = time.monotonic()
        if now - self._looked.get(name, float("-inf")) < LOOK_SECONDS:
            return False
        self._looked = {name: now for name, at in self._looked.items() if now - at < RETRY_SECONDS} | {name: now}
        queue.started_job_registry.cleanup()
        self._drop(queue, name)
        try:
            queue.enqueue(
                task,
                *args,
                job_id=name,
                unique=True,
                job_timeout=3600,
                result_ttl=0,
                failure_ttl=3600,
                retry=Retry(max=3),
            )
        except DuplicateJobError:
            return False
        return True

    def _drop(self, queue: Queue, name: str) -> None:
        """Removes a job that failed a while ago, or that a worker took from the queue and died before it began."""
        job = queue.fetch_job(name)
        if job is None:
            return
        status = job.get_status(refresh=False)
        if status in (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED, JobStatus.FINISHED):
            ended = job.ended_at or datetime.now(UTC)
            if (datetime.now(UTC) - ended.astimezone(UTC)).total_seconds() > RETRY_SECONDS:
                job.delete()
            return
        held = name in queue.started_job_registry or queue.get_job_position(name) is not None
        if held:
            self._lost.pop(name, None)
        elif time.monotonic() - self._lost.setdefault(name, time.monotonic()) > RETRY_SECONDS:
            self._lost.pop(name)
            log.warning(line("job_lost", job=name))
            queue.intermediate_queue.remove(name)
            job.delete()


def queues(redis: Redis, names: Names) -> tuple[Queue, Queue]:
    """The queues of games and of a vault, in the order in which workers look at them."""
    if names.jobs != RQ_KEY_PREFIX:
        raise RuntimeError(f"RQ_KEY_PREFIX is {RQ_KEY_PREFIX!r} and must be {names.jobs!r} before rq is imported")
    games, vault = (
        Queue(name, connection=redis, serializer=JSONSerializer) for name in (names.queue, names.vault_queue)
    )
    return games, vault
