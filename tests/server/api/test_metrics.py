from __future__ import annotations

import asyncio

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from server.api import metrics
from server.api.metrics import Metrics
from server.store.names import Names
from server.store.records import Head

NAMES = Names(31337, "0x" + "12" * 20)


def measured(redis: Redis, found: Metrics, streams: int = 0) -> list[str]:
    """The lines of the metrics after a look at Redis."""

    async def measure() -> None:
        path = redis.connection_pool.connection_kwargs["path"]
        async with AsyncRedis(unix_socket_path=path, decode_responses=True) as client:
            await found.measure(client, NAMES, streams)

    asyncio.run(measure())
    return found.text().decode().splitlines()


def test_an_empty_redis_says_that_nothing_runs(redis: Redis) -> None:
    lines = measured(redis, Metrics())
    for gauge in ("head_block", "games", "relay_up", "relay_transactions", "proofs_waiting"):
        assert f"proofmate_{gauge} 0.0" in lines
    for gauge, about in metrics.GAUGES.items():
        assert f"# HELP proofmate_{gauge} {about}" in lines


def test_gauges_say_what_lies_in_redis(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics.time, "time", lambda: 1012.5)
    redis.set(NAMES.head, Head(number=77, time=990, seen=1000).dump())
    redis.set(NAMES.relay, "")
    redis.zadd(NAMES.games, {"0": 1, "1": 5})
    redis.hset(NAMES.stats, mapping={"transactions": 12, "reverts": 2, "gas": 3_000_000})
    redis.rpush(f"rq:queue:{NAMES.queue}", "a job", "another")
    lines = measured(redis, Metrics(), streams=3)
    wanted = {"streams": 3, "head_block": 77, "head_age_seconds": 12.5, "games": 2, "relay_up": 1}
    wanted |= {"relay_transactions": 12, "relay_reverts": 2, "relay_gas": 3_000_000, "proofs_waiting": 2}
    assert set(wanted) <= set(metrics.GAUGES)
    for gauge, value in wanted.items():
        assert f"proofmate_{gauge} {float(value)}" in [line.replace("3e+06", "3000000.0") for line in lines]


def test_a_relay_that_carries_nothing_is_down(redis: Redis) -> None:
    redis.set(NAMES.relay, "the relay's account is nearly empty")
    assert "proofmate_relay_up 0.0" in measured(redis, Metrics())


def test_answers_are_counted_by_route_and_status() -> None:
    found = Metrics()
    for status, seconds in ((200, 0.1), (200, 0.3), (404, 0.1)):
        found.count("/api/games/{number}", status, seconds)
    lines = found.text().decode().splitlines()
    assert 'proofmate_requests_total{route="/api/games/{number}",status="200"} 2.0' in lines
    assert 'proofmate_requests_total{route="/api/games/{number}",status="404"} 1.0' in lines
    assert 'proofmate_request_seconds_count{route="/api/games/{number}"} 3.0' in lines
    assert "# HELP proofmate_streams " + metrics.GAUGES["streams"] in Metrics().text().decode(), "two apart"
