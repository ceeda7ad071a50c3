from __future__ import annotations

import threading
import time

from redis import Redis

from server.store.lease import Lease


def test_one_holds_it_and_loses_it_by_silence(redis: Redis) -> None:
    first, second = Lease(redis, "lease", 0.3), Lease(redis, "lease", 0.3)
    assert first.hold() and first.hold()
    assert not second.hold()
    time.sleep(0.35)
    assert second.hold()
    assert not first.hold()


def test_it_is_kept_by_holding_on(redis: Redis) -> None:
    first, second = Lease(redis, "lease", 0.3), Lease(redis, "lease", 0.3)
    for _ in range(10):
        assert first.hold()
        assert not second.hold()
        time.sleep(0.05)


def test_it_can_be_released_by_its_holder_only(redis: Redis) -> None:
    first, second = Lease(redis, "lease"), Lease(redis, "lease")
    assert first.hold()
    second.release()
    assert not second.hold()
    first.release()
    assert second.hold()


def test_a_long_piece_of_work_does_not_lose_the_lease(redis: Redis) -> None:
    stop = threading.Event()
    first, second = Lease(redis, "lease", 0.3), Lease(redis, "lease", 0.3)
    first.keep(stop)
    assert first.hold() and first.term == 1
    end = time.monotonic() + 1
    while time.monotonic() < end:
        assert not second.hold()
        time.sleep(0.05)
    assert first.hold() and first.term == 1
    stop.set()
    time.sleep(0.5)
    assert second.hold()
    second.release()
    assert first.hold() and first.term == 2, "somebody else may have acted in between"
