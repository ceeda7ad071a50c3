from __future__ import annotations

import pytest
from redis import Redis

from server.store import progress
from server.store.names import Names
from server.store.thinking import Thinking

NAMES = Names(31337, "0x" + "12" * 20)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    return now


def test_a_proof_began_when_its_ply_was_first_seen(redis: Redis, clock: list[float]) -> None:
    progress.report(redis, NAMES, 3, 7, "queued", 0.0)
    clock[0] = 1004.5
    progress.report(redis, NAMES, 3, 7, "quotient", 0.6)
    seen = progress.load(redis, NAMES, 3)
    assert seen is not None and (seen.ply, seen.step, seen.fraction, seen.started) == (7, "quotient", 0.6, 1000.0)
    progress.report(redis, NAMES, 3, 9, "queued", 0.0)
    later = progress.load(redis, NAMES, 3)
    assert later is not None and (later.ply, later.started) == (9, 1004.5)
    assert progress.load(redis, NAMES, 4) is None


def test_a_proof_on_the_chain_shows_its_whole_time(redis: Redis, clock: list[float]) -> None:
    progress.report(redis, NAMES, 3, 7, "submitted", 1.0, tx="0x12")
    clock[0] = 1012.345
    progress.verified(redis, NAMES, 3, 7, "0x12")
    seen = progress.load(redis, NAMES, 3)
    assert seen is not None and (seen.step, seen.tx, seen.seconds) == ("verified", "0x12", 12.35)
    progress.verified(redis, NAMES, 3, 5, "0x34")
    assert progress.load(redis, NAMES, 3) == seen, "another ply's transaction changes nothing"
    progress.verified(redis, NAMES, 4, 7, "0x34")
    assert progress.load(redis, NAMES, 4) is None, "nor one of a proof that nobody saw begin"


def test_thoughts_are_kept_ply_by_ply(redis: Redis) -> None:
    def thinking(ply: int) -> Thinking:
        return Thinking(ply=ply, position="0x1", moves=(), choice="e2e4", choice_san="e4")

    progress.think(redis, NAMES, 3, thinking(1))
    progress.think(redis, NAMES, 3, thinking(3))
    assert Thinking.load(redis.get(NAMES.thinking(3))) == thinking(3)  # type: ignore[arg-type]
    assert set(redis.hgetall(NAMES.thoughts(3))) == {"1", "3"}  # type: ignore[arg-type]
    assert redis.get(NAMES.version(3)) == "2", "each is a change that a visitor sees"
