from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from server.api import refusals as module
from server.api.refusals import Refusals
from server.store.journal import Entry
from server.store.names import Names

NAMES = Names(31337, "0x" + "12" * 20)


def noted(redis: Redis) -> list[Any]:
    return [Entry.parse(fields).record for _, fields in redis.xrange(NAMES.journal)]  # type: ignore[union-attr]


def test_a_refusal_is_noted_once_a_seat_ply_and_code(redis: Redis) -> None:
    async def run() -> None:
        client = AsyncRedis(unix_socket_path=redis.connection_pool.connection_kwargs["path"], decode_responses=True)
        refusals = Refusals(client, NAMES)
        for _ in range(50):
            for seat, code in ((1, "full"), (2, "full"), (1, "closed"), (3, "signature"), (4, "wrong-ply")):
                refusals.add(7, 2, seat, "e2e4", code)
        await refusals.flush()
        await refusals.flush()
        await client.aclose()

    asyncio.run(run())
    assert [(each.seat, each.code) for each in noted(redis)] == [(1, "full"), (2, "full"), (1, "closed")]


def test_refusals_wait_while_redis_is_away_but_not_without_end(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)

    async def run() -> None:
        away = AsyncRedis(unix_socket_path="/nonexistent")
        refusals = Refusals(away, NAMES)
        for seat in range(100):
            refusals.add(7, 2, seat, "e2e4", "full")
        await refusals.flush()
        client = AsyncRedis(unix_socket_path=redis.connection_pool.connection_kwargs["path"], decode_responses=True)
        refusals.redis = client
        await refusals.flush()
        await client.aclose()
        await away.aclose()

    asyncio.run(run())
    assert [each.seat for each in noted(redis)] == [*range(90, 100)]
