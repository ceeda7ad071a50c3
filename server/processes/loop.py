"""What the long-running processes share: stop signals, and a loop that survives faults of Redis, chain or database."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from server import metrics
from server.chain.node import Unreachable
from server.logline import line
from server.ops.port import PULSE
from server.store.connect import AWAY, away
from server.store.journal import DatabaseAway

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""How long to wait after one of them failed."""


def stop_signal() -> threading.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_loop(
    step: Callable[[], bool], redis: Redis, channel: str | None, interval: float, stop: threading.Event
) -> None:
    """Calls `step` until `stop`: at once if it returned True, else after a message on `channel` or `interval` seconds.

    While chain, Redis or database does not answer it tries again every RETRY_SECONDS, and logs the fault once.
    """
    pubsub = redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    healthy = True
    while not stop.is_set():
        try:
            if channel is not None and pubsub.connection is None:
                pubsub.subscribe(channel)
            busy = step()
            if not healthy:
                log.info(line("process_resumed"))
            healthy = True
            PULSE.beat()
            if busy or stop.is_set():
                continue
            if channel is None:
                stop.wait(interval)
            else:
                _listen(pubsub, interval)
        except (RedisError, DatabaseAway, *Unreachable) as error:
            if healthy:
                log.warning(line("process_waits", fault=type(error).__name__, error=error))
            healthy = False
            what = away(error)
            metrics.faults.labels(what).inc()
            PULSE.beat(f"{AWAY[what]} does not answer")
            pubsub.reset()
            stop.wait(RETRY_SECONDS)
    pubsub.close()


def _listen(pubsub: PubSub, seconds: float) -> None:
    """Waits for a message or `seconds`. Takes all messages that are there."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if pubsub.get_message(timeout=left) is not None:
            while pubsub.get_message(timeout=0) is not None:
                pass
            return
