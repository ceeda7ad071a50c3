from __future__ import annotations

import pytest
from redis import Redis

from server.store import jobs
from server.store.jobs import Jobs
from tests.server.table import Table


@pytest.fixture
def queue(redis: Redis, table: Table) -> Jobs:
    return table.relay.jobs


def test_a_job_is_asked_for_once(queue: Jobs) -> None:
    position = "0x" + "33" * 32
    assert queue.ensure(1, 2, position)
    queue._looked.clear()
    assert not queue.ensure(1, 2, position)
    assert len(queue.queue) == 1
    assert queue.ensure(1, 2, "0x" + "44" * 32)  # another position, after a reorganisation
    assert queue.ensure(1, 3, position)


def test_a_job_that_a_worker_took_and_never_began_is_asked_for_again(
    queue: Jobs, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    position = "0x" + "33" * 32
    queue.ensure(1, 2, position)
    table.redis.lmove(queue.queue.key, queue.queue.intermediate_queue_key, "LEFT", "RIGHT")
    queue._looked.clear()
    assert not queue.ensure(1, 2, position)
    monkeypatch.setattr(jobs, "RETRY_SECONDS", 0)
    queue._looked.clear()
    assert queue.ensure(1, 2, position)
    assert len(queue.queue) == 1
    assert table.redis.llen(queue.queue.intermediate_queue_key) == 0
