from __future__ import annotations

from pathlib import Path

import pytest
from redis import Redis

from server.ops import shared
from server.ops.shared import SHARED, Shared
from server.store.names import Names
from server.store.records import Head

NAMES = Names(31337, "0x" + "12" * 20)


def read(redis: Redis) -> dict[str, float]:
    families = list(Shared(redis, NAMES).collect())
    return {family.name.removeprefix("proofmate_"): family.samples[0].value for family in families}


def test_an_empty_redis_says_that_nothing_runs(redis: Redis) -> None:
    found = read(redis)
    assert set(found) == set(SHARED)
    for gauge in ("head_block", "games", "relay_up", "relay_transactions", "proofs_waiting", "proof_queue_age_seconds"):
        assert found[gauge] == 0


def test_gauges_say_what_lies_in_redis(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.time, "time", lambda: 1012.5)
    redis.set(NAMES.head, Head(number=77, time=990, seen=1000).dump())
    redis.set(NAMES.relay, "")
    redis.zadd(NAMES.games, {"0": 1, "1": 5})
    redis.hset(NAMES.stats, mapping={"transactions": 12, "reverts": 2, "gas": 3_000_000, "lost": 1})
    redis.rpush(f"rq:queue:{NAMES.queue}", "a job", "another")
    redis.hset("rq:job:a job", "enqueued_at", "1970-01-01T00:16:40.500000Z")
    wanted = {
        "head_block": 77,
        "head_age_seconds": 22.5,
        "indexer_age_seconds": 12.5,
        "games": 2,
        "records_waiting": 0,
        "relay_up": 1,
    }
    wanted |= {"relay_transactions": 12, "relay_reverts": 2, "relay_gas": 3_000_000, "relay_lost": 1}
    wanted |= {"proofs_waiting": 2, "proof_queue_age_seconds": 12}
    assert read(redis) == wanted


def test_a_relay_that_carries_nothing_is_down(redis: Redis) -> None:
    redis.set(NAMES.relay, "the relay's account is nearly empty")
    assert read(redis)["relay_up"] == 0


def test_nothing_without_redis(tmp_path: Path) -> None:
    assert read(Redis(unix_socket_path=str(tmp_path / "none"))) == {}
