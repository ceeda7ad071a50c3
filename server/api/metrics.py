"""Prometheus metrics of this API process, and of the relay, the indexer and the queue as Redis shows them."""

from __future__ import annotations

import time

import prometheus_client as prometheus
from redis.asyncio import Redis
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.store.names import Names
from server.store.records import Head

GAUGES = {
    "streams": "Open event streams of this process.",
    "head_block": "The last block the indexer has read.",
    "head_age_seconds": "Time since that block was seen.",
    "games": "Games.",
    "relay_up": "1 if a relay is there and has funds.",
    "relay_transactions": "Transactions of the relay that were mined.",
    "relay_reverts": "Those that reverted.",
    "relay_gas": "Gas they used.",
    "relay_lost": "Ballots that were acknowledged and not counted. Anything but 0 is an alarm.",
    "proofs_waiting": "Proving jobs that no worker has begun.",
}


class Metrics:
    """Counters of requests, and gauges that `measure` sets."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        self.requests = prometheus.Counter(
            "proofmate_requests", "Answers by route and status.", ["route", "status"], registry=self.registry
        )
        self.latency = prometheus.Histogram(
            "proofmate_request_seconds", "Time to answer.", ["route"], registry=self.registry
        )
        self.gauges = {
            name: prometheus.Gauge("proofmate_" + name, about, registry=self.registry) for name, about in GAUGES.items()
        }

    def count(self, route: str, status: int, seconds: float) -> None:
        """Counts an answer."""
        self.requests.labels(route, str(status)).inc()
        self.latency.labels(route).observe(seconds)

    async def measure(self, redis: Redis, names: Names, streams: int) -> None:
        """Sets the gauges. `streams`: how many event streams are open."""
        async with redis.pipeline(transaction=False) as pipe:
            pipe.mget(names.head, names.relay)
            pipe.zcard(names.games)
            pipe.hgetall(names.stats)
            pipe.llen(f"rq:queue:{names.queue}")
            (stored, relay), games, stats, waiting = await pipe.execute()
        head = Head.load(stored) or Head(number=0, time=0, seen=0)
        self.gauges["streams"].set(streams)
        self.gauges["head_block"].set(head.number)
        self.gauges["head_age_seconds"].set(time.time() - head.seen)
        self.gauges["games"].set(games)
        self.gauges["relay_up"].set(relay == "")
        self.gauges["proofs_waiting"].set(waiting)
        for name in ("transactions", "reverts", "gas", "lost"):
            self.gauges["relay_" + name].set(int(stats.get(name, 0)))

    def text(self) -> bytes:
        """All metrics in Prometheus's format."""
        return prometheus.generate_latest(self.registry)


class Observe:
    """Middleware: counts each answer when it begins."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self.metrics.count(route, message["status"], time.monotonic() - started)
            await send(message)

        await self.app(scope, receive, counted if scope["type"] == "http" else send)
