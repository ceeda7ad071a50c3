"""The worker: proves the network's moves.

One prover, loaded before the first job, in a process that never forks (the prover's threads would not survive it).
While it proves, a second thread says that the worker lives, tells visitors how far the proof is, and cancels it when
its ply is over. A worker that dies is missed within seconds and its job goes to another.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from engine import encoding
from engine.proof import ProofCancelled
from server.chain.client import Chain, Summary
from server.chain.node import Unreachable
from server.chain.proving import make_prover
from server.settings import Settings
from server.store import progress
from server.store.connect import connect_redis
from server.store.jobs import HEARTBEAT, LEASE
from server.store.keys import Keys
from server.store.thinking import think

if TYPE_CHECKING:
    from engine.prover import Prover

log = logging.getLogger(__name__)

TELL = 0.25
"""Seconds between what visitors are told of a proof."""
KEPT = 30 * 86_400
"""Seconds until a proof is forgotten; it can be made again."""
LOOK = 1.0
"""Seconds between looks at the chain, whether the proof is still wanted."""


@dataclass
class Bench:
    """What a job needs: made once a process."""

    prover: Prover
    chain: Chain
    redis: Redis
    keys: Keys
    payee: str
    stop: threading.Event


bench: Bench | None = None
"""The bench of this worker process."""


def prove(game: int, ply: int, position: str) -> None:
    """The job: proves the network's move in this position and keeps the proof for the relay."""
    assert bench is not None, "not in a worker"
    summary = bench.chain.summary(game)
    if not _wanted(summary, ply, position):
        log.info("game %s, ply %s is over: nothing to prove", game, ply)
        return
    board = summary.position.unpack()
    planes = encoding.planes(board, summary.repeated)
    legal = encoding.legal_indices(board)
    thinking = think(board, ply, position, bench.prover.logits(planes), legal, bench.prover.logit_unit)
    progress.think(bench.redis, bench.keys, game, thinking)
    context = encoding.context_word(bench.chain.chain_id, bench.chain.contract.address, game, ply, bench.payee)
    with _watch(bench, game, ply, position) as watch:
        try:
            proof = bench.prover.prove(planes, list(legal), context, watch.report, watch.cancelled.is_set)
        except ProofCancelled:
            if bench.stop.is_set():
                raise  # the job goes back to the queue
            log.info("game %s, ply %s is over: cancelled", game, ply)
            return
    kept = {
        "move": legal[proof.index].uci(),
        "words": [f"0x{word:x}" for word in proof.words],
        "proof": "0x" + proof.proof.hex(),
        "payee": bench.payee,
        "seconds": proof.seconds,
    }
    bench.redis.set(bench.keys.proof(game, ply, position), json.dumps(kept), ex=KEPT)
    bench.redis.publish(bench.keys.wake, "proof")
    log.info("proved %s for game %s, ply %s in %.2f s", kept["move"], game, ply, proof.seconds)


def _wanted(summary: Summary, ply: int, position: str) -> bool:
    return summary.state == "prove" and summary.position.ply == ply and summary.position.key == position


class Watch:
    """What the prover's thread leaves for the watching one, and the other way round."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.done = threading.Event()
        self.latest: tuple[str, float] = ("witness", 0.0)

    def report(self, step: str, fraction: float) -> None:
        self.latest = (step, fraction)


@contextlib.contextmanager
def _watch(bench: Bench, game: int, ply: int, position: str) -> Iterator[Watch]:
    watch = Watch()

    def run() -> None:
        told, looked = None, time.monotonic()
        while True:
            if bench.stop.is_set():
                watch.cancelled.set()
            with contextlib.suppress(RedisError, *Unreachable):
                if watch.latest != told:
                    told = watch.latest
                    progress.report(bench.redis, bench.keys, game, ply, cast(progress.Step, told[0]), told[1])
                if time.monotonic() - looked > LOOK:
                    looked = time.monotonic()
                    if not _wanted(bench.chain.summary(game), ply, position):
                        watch.cancelled.set()
            if watch.done.wait(TELL):
                return

    thread = threading.Thread(target=run, name="watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.done.set()
        thread.join()


class ProvingWorker(SimpleWorker):
    """RQ's worker that runs jobs in its own process, with signs of life while a job runs."""

    def __init__(self, queue: Queue, stop: threading.Event) -> None:
        super().__init__(
            [queue],
            connection=queue.connection,
            serializer=JSONSerializer,
            maintenance_interval=10,
            worker_ttl=20,
            job_monitoring_interval=int(HEARTBEAT),
            log_job_description=False,
        )
        self.stop = stop

    def execute_job(self, job: Job, queue: Queue) -> None:
        queue.connection.delete(job.execution_registry.key)  # RQ stumbles over the execution of a worker that died
        execution = self.prepare_execution(job)
        done = threading.Event()
        thread = threading.Thread(target=self._live, args=(job, execution, done), name="heartbeat", daemon=True)
        thread.start()
        try:
            self.perform_job(job, queue, execution)
        finally:
            done.set()
            thread.join()
        self.set_state(WorkerStatus.IDLE)

    def _live(self, job: Job, execution: Execution, done: threading.Event) -> None:
        while not done.wait(HEARTBEAT):
            with contextlib.suppress(RedisError):
                self.maintain_heartbeats(job, execution)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return LEASE

    def request_stop(self, signum: int, frame: Any) -> None:
        """Cancels the proof under way, so that another worker takes it up at once."""
        self.stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def run(settings: Settings) -> None:
    """Loads the prover, then proves until SIGTERM or SIGINT."""
    global bench
    payee = settings.need("payee")
    redis, raw, chain = connect_redis(settings), connect_redis(settings, text=False), Chain.connect(settings)
    keys = Keys(settings.chain_id, settings.contract)
    stop = threading.Event()

    def loading(step: str, fraction: float) -> None:
        log.info("loading the prover: %s %.0f%%", step, 100 * fraction)

    prover = make_prover(settings, loading)
    bench = Bench(prover, chain, redis, keys, payee, stop)
    redis.set(
        keys.prover,
        json.dumps(
            {
                "networkHash": "0x" + prover.network_hash.hex(),
                "verifyingKeyHash": "0x" + prover.verifying_key_hash.hex(),
                "k": prover.k,
                "insecure": prover.setup.insecure,
            }
        ),
    )
    log.info("ready")
    queue = Queue(keys.queue, connection=raw, serializer=JSONSerializer)
    work(queue, stop)


def work(queue: Queue, stop: threading.Event) -> None:
    """Works until `stop`, through every absence of Redis."""
    while not stop.is_set():
        try:
            ProvingWorker(queue, stop).work(logging_level="WARNING")
        except RedisError as error:
            log.warning("waits for Redis: %s", error)
        except StopRequested:
            return
        with contextlib.suppress(StopRequested):  # raised by the last worker's signal handler
            stop.wait(LOOK)
