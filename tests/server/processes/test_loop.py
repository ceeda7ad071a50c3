from __future__ import annotations

import threading
import time

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from server.processes import loop
from server.processes.loop import run_loop


def test_a_message_wakes_it_and_faults_do_not_end_it(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "RETRY_SECONDS", 0.05)
    stop, steps = threading.Event(), []

    def step() -> bool:
        steps.append(time.monotonic())
        if len(steps) == 2:
            raise RedisConnectionError("away")
        if len(steps) == 3:
            raise OSError("the chain is away")
        if len(steps) == 6:
            stop.set()
        return len(steps) == 4

    thread = threading.Thread(target=run_loop, args=(step, redis, "wake", 60.0, stop))
    thread.start()
    time.sleep(0.3)
    assert len(steps) == 1  # it waits
    redis.publish("wake", "x")
    time.sleep(0.5)
    assert len(steps) == 5  # two faults, a busy step, an idle one
    redis.publish("wake", "x")
    redis.publish("wake", "x")
    thread.join(5)
    assert len(steps) == 6
