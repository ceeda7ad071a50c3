"""The embedded Redis on a disk that fills up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from server.local.children import stop
from server.local.probe import redis_answers
from server.local.valkey import embedded

SIZE = 2_000_000
"""Bytes of the disk."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", disk], capture_output=True)
    if made.returncode:
        pytest.skip("only root may make a small disk")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_keeps_what_was_acknowledged(small_disk: Path, tmp_path: Path) -> None:
    socket = small_disk / "redis" / "socket"
    child, url = embedded(socket, tmp_path / "log"), f"unix://{socket}"

    def begin() -> Redis:
        child.start()
        child.await_ready(lambda: redis_answers(url), 20)
        return Redis.from_url(url, decode_responses=True)

    def fill(redis: Redis, first: int) -> int:
        """Stores ballots until one is refused; how many there are that were not."""
        for number in range(first, SIZE):
            try:
                redis.hset("ballots", str(number), 1_000 * "x")
            except RedisError:
                return number
        raise AssertionError("the disk was never full")

    try:
        for _ in range(2):  # it ends at the first write that fails, and its supervisor starts it again
            with begin() as redis:
                kept = fill(redis, redis.hlen("ballots"))
            assert child.process is not None and child.process.wait(20) > 0
        with begin() as redis:
            assert redis.hlen("ballots") == kept > 1_000
            assert redis.hget("ballots", str(kept - 1)) == 1_000 * "x"
    finally:
        stop([child], 8)
