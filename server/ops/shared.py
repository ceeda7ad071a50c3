"""Gauges of what Redis shows of all processes: indexer, relay, queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import cast

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from server.store.names import Names
from server.store.records import Head


class Shared(Collector):
    """Collects gauges from Redis: what the indexer, the relay and the queue are at. Any process may export them."""

    def __init__(self, redis: Redis, names: Names) -> None:
        self.redis, self.names = redis, names

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Nothing while Redis does not answer: an absent series is what the alert `ProofmateNoRedis` looks at."""
        names = self.names
        try:
            with self.redis.pipeline(transaction=False) as pipe:
                pipe.mget(names.head, names.relay)
                pipe.zcard(names.games)
                pipe.hgetall(names.stats)
                pipe.llen(names.waiting_jobs())
                pipe.lindex(names.waiting_jobs(), 0)
                pipe.xlen(names.journal)
                (stored, relay), games, stats, waiting, oldest, unwritten = pipe.execute()
            since = None if oldest is None else self.redis.hget(names.job_record(oldest), "enqueued_at")
        except RedisError:
            return
        head = Head.load(stored) or Head(number=0, time=0, seen=0)
        values = {
            "head_block": ("The last block that the indexer has read.", head.number),
            "head_age_seconds": ("Time since that block was made, by its timestamp.", time.time() - head.time),
            "indexer_age_seconds": ("Time since the indexer read it.", time.time() - head.seen),
            "games": ("Games.", games),
            "relay_up": ("1 if a relay is at work and has funds.", int(relay == "")),
            "proofs_waiting": ("Proving jobs that no worker has begun.", waiting),
            "proof_queue_age_seconds": ("How long the oldest of them waits.", _age(cast("str | None", since))),
            "relay_transactions": ("Transactions of the relay that were mined.", int(stats.get("transactions", 0))),
            "relay_reverts": ("Those that reverted.", int(stats.get("reverts", 0))),
            "relay_gas": ("Gas they used.", int(stats.get("gas", 0))),
            "relay_lost": ("Ballots that were acknowledged and not counted: an alarm.", int(stats.get("lost", 0))),
        }
        values["records_waiting"] = ("Entries of the journal that no recorder has written yet.", unwritten)
        for name, (about, value) in values.items():
            yield GaugeMetricFamily("proofmate_" + name, about, value=float(value))


def _age(stamp: str | None) -> float:
    """Seconds since a time as RQ writes it; 0: there is none."""
    if stamp is None:
        return 0.0
    return max(time.time() - datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp(), 0.0)


SHARED = (
    *("head_block", "head_age_seconds", "indexer_age_seconds", "games", "relay_up", "proofs_waiting"),
    *("proof_queue_age_seconds", "relay_transactions", "relay_reverts", "relay_gas", "relay_lost", "records_waiting"),
)
"""Names of the gauges, without their prefix `proofmate_`."""
