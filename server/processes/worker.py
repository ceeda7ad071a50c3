"""The worker: proves the network's moves, and while none is due, a vault's decisions (`server.processes.deciding`).

The process loads one prover before the first job and never forks: the prover's threads would not survive a fork.
While it proves, other threads send heartbeats, publish the proof's progress, and cancel it when its ply is over. If a
worker dies, its heartbeats stop and another worker takes its job over within seconds.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from opentelemetry.context import get_current
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, get_current_job
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from engine import encoding
from engine.proof import ProofCancelled
from server import metrics, tracing
from server.accounts import key_of
from server.chain.client import Chain, Summary
from server.chain.node import Unreachable
from server.chain.proving import make_prover
from server.keys import address_of
from server.logline import line
from server.ops.port import PULSE
from server.processes import deciding
from server.settings import Environment, Settings, SettingsError
from server.store import progress
from server.store.connect import connect_redis
from server.store.jobs import HEARTBEAT_SECONDS, LEASE_SECONDS, queues
from server.store.journal import Proving, note
from server.store.names import Names
from server.store.records import KEPT_SECONDS, ProverInfo, StoredProof
from server.store.thinking import think

if TYPE_CHECKING:
    from engine.prover import Prover

log = logging.getLogger(__name__)

TELL_SECONDS = 0.25
"""Time between two reports of a proof's progress."""
LOOK_SECONDS = 1.0
"""Time between two checks on the chain that the proof is still needed."""


@dataclass
class Tools:
    """What a job needs: made once a process."""

    prover: Prover
    chain: Chain
    redis: Redis
    names: Names
    payee: str
    stop: threading.Event


tools: Tools | None = None
"""The tools of this worker process."""


def prove(game: int, ply: int, position_key: str) -> None:
    """The job: proves the network's move in this position and keeps the proof for the relay.

    Its trace begins when the job was queued, a moment after the network's turn began.
    """
    assert tools is not None, "not in a worker"
    job, now = get_current_job(), time.time()
    queued = now if job is None or job.enqueued_at is None else job.enqueued_at.astimezone(UTC).timestamp()
    about = {"proofmate.game": game, "proofmate.ply": ply}
    with tracing.tracer.start_as_current_span("proof", start_time=int(queued * 1e9), attributes=about):
        tracing.record("proof.queued", get_current(), queued, now)
        _prove(tools, game, ply, position_key)


def _prove(tools: Tools, game: int, ply: int, position_key: str) -> None:
    summary = tools.chain.summary(game)
    if not _wanted(summary, ply, position_key):
        log.info(line("proof_not_needed", game=game, ply=ply))
        return
    board = summary.position.unpack()
    planes = encoding.planes(board, summary.repeated)
    legal = encoding.legal_indices(board)
    thinking = think(board, ply, position_key, tools.prover.logits(planes), legal, tools.prover.logit_unit)
    progress.think(tools.redis, tools.names, game, thinking)
    context = encoding.context_word(tools.chain.chain_id, tools.chain.contract.address, game, ply, tools.payee)
    with _watch(tools, game, ply, position_key) as watch:
        try:
            proof = tools.prover.prove(planes, list(legal), context, watch.report, watch.cancelled.is_set)
        except ProofCancelled:
            if tools.stop.is_set():
                raise  # the job goes back to the queue
            log.info(line("proof_cancelled", game=game, ply=ply))
            return
    for (step, start), (_, end) in pairwise([*watch.steps, ("", time.time())]):
        tracing.record(f"proof.{step}", get_current(), start, end)
    kept = StoredProof(
        move=legal[proof.index].uci(),
        words=tuple(f"0x{word:x}" for word in proof.words),
        proof="0x" + proof.proof.hex(),
        payee=tools.payee,
        seconds=proof.seconds,
        trace=tracing.carried(),
    )
    proving = Proving(ply=ply, position=position_key, move=kept.move, payee=tools.payee, seconds=proof.seconds)
    with tools.redis.pipeline() as pipe:
        pipe.set(tools.names.proof(game, ply, position_key), kept.dump(), ex=KEPT_SECONDS)
        note(pipe, tools.names, "proving", game, proving)
        pipe.publish(tools.names.wake, "proof")
        pipe.execute()
    metrics.proof_seconds.observe(proof.seconds)
    log.info(line("move_proven", game=game, ply=ply, move=kept.move, seconds=proof.seconds))


def _wanted(summary: Summary, ply: int, position_key: str) -> bool:
    return summary.state == "prove" and summary.position.ply == ply and summary.position.key == position_key


class Watch:
    """What the prover's thread and the watching thread tell each other."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.done = threading.Event()
        self.latest: tuple[str, float] = ("witness", 0.0)
        self.steps: list[tuple[str, float]] = []
        """Each step with the Unix time of its begin."""

    def report(self, step: str, fraction: float) -> None:
        if not self.steps or step != self.steps[-1][0]:
            self.steps.append((step, time.time()))
        self.latest = (step, fraction)


@contextlib.contextmanager
def _watch(tools: Tools, game: int, ply: int, position_key: str) -> Iterator[Watch]:
    watch = Watch()

    def run() -> None:
        told, looked = None, time.monotonic()
        while True:
            if tools.stop.is_set():
                watch.cancelled.set()
            with contextlib.suppress(RedisError, *Unreachable):
                if watch.latest != told:
                    told = watch.latest
                    progress.report(tools.redis, tools.names, game, ply, cast(progress.Step, told[0]), told[1])
                if time.monotonic() - looked > LOOK_SECONDS:
                    looked = time.monotonic()
                    if not _wanted(tools.chain.summary(game), ply, position_key):
                        watch.cancelled.set()
            if watch.done.wait(TELL_SECONDS):
                return

    thread = threading.Thread(target=run, name="watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        watch.done.set()
        thread.join()


class ProvingWorker(SimpleWorker):
    """RQ's worker that runs jobs in its own process, with heartbeats from a second thread."""

    def __init__(self, queues: Sequence[Queue], stop: threading.Event) -> None:
        super().__init__(
            list(queues),
            connection=queues[0].connection,
            serializer=JSONSerializer,
            maintenance_interval=10,
            worker_ttl=20,
            job_monitoring_interval=int(HEARTBEAT_SECONDS),
            log_job_description=False,
        )
        self.stop = stop

    def execute_job(self, job: Job, queue: Queue) -> None:
        queue.connection.delete(job.execution_registry.key)  # left by a worker that died; RQ would raise an error on it
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
        while not done.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(RedisError):
                self.maintain_heartbeats(job, execution)
                PULSE.beat()

    def heartbeat(self, *args: Any, **options: Any) -> None:
        """RQ calls it while the worker waits for a job."""
        super().heartbeat(*args, **options)
        PULSE.beat()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        metrics.proofs_failed.inc()
        super().handle_exception(job, *exc_info)

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return LEASE_SECONDS

    def request_stop(self, signum: int, frame: Any) -> None:
        """Cancels the proof under way, so that another worker takes it up at once."""
        self.stop.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]


def run(settings: Settings) -> None:
    """Loads the prover, then proves until SIGTERM or SIGINT."""
    global tools
    payee = settings.payee or _relay()
    redis, raw, chain = connect_redis(settings), connect_redis(settings, text=False), Chain.connect(settings)
    names = Names.of(settings)
    stop = threading.Event()

    def loading(step: str, fraction: float) -> None:
        log.info(line("prover_loading", step=step, percent=round(100 * fraction)))
        PULSE.beat("the prover is loading")

    prover = make_prover(settings, loading)
    tools = Tools(prover, chain, redis, names, payee, stop)
    info = ProverInfo(
        network_hash="0x" + prover.network_hash.hex(),
        verifying_key_hash="0x" + prover.verifying_key_hash.hex(),
        k=prover.k,
        insecure=prover.setup.insecure,
    )
    redis.set(names.prover, info.dump())
    log.info(line("worker_ready", k=prover.k, payee=payee))
    games, vault = queues(raw, names)
    deciding.tools = deciding.Tools(settings, redis, names, games, stop.is_set)
    work((games, vault) if settings.vault else (games,), stop)


def _relay() -> str:
    """The relay's address, which earns the rewards if nobody else is named. Raises SettingsError."""
    key = key_of(Environment.read(), "relay")
    if key is None:
        raise SettingsError("PAYEE: missing; the address that earns the rewards of proofs")
    return address_of(key)


def work(queues: Sequence[Queue], stop: threading.Event) -> None:
    """Works until `stop`. Waits while Redis does not answer."""
    while not stop.is_set():
        try:
            ProvingWorker(queues, stop).work(logging_level="WARNING")
        except RedisError as error:
            log.warning(line("redis_away", error=error))
            metrics.faults.labels("redis").inc()
            PULSE.beat("Redis does not answer")
        except StopRequested:
            return
        with contextlib.suppress(StopRequested):  # raised by the last worker's signal handler
            stop.wait(LOOK_SECONDS)
