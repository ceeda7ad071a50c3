from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import RedisError

from server.settings import Settings, SettingsError
from server.store.connect import async_redis, connect_redis
from server.store.names import Names
from tests.server.redises import Servers, run_cluster, run_sentinel, until


@pytest.mark.parametrize(
    "address",
    [
        "redis://:secret@127.0.0.1:1/0",
        "redis+sentinel://:secret@127.0.0.1:1,127.0.0.1:2/games?sentinel_password=secret",
        "redis+cluster://:secret@127.0.0.1:1,127.0.0.1:2",
    ],
)
def test_a_redis_that_is_not_there_is_named_without_its_password(settings: Settings, address: str) -> None:
    with pytest.raises(SettingsError, match=r"REDIS_URL: no Redis answers at 127\.0\.0\.1:1") as error:
        connect_redis(replace(settings, redis_url=address))
    assert "secret" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_both_clients_follow_the_primary(settings: Settings, tmp_path: Path, kind: str) -> None:
    """What a replica had is there after kill -9 of the primary; the killed one comes back as a replica and loses."""
    prefix = Names.of(replace(settings, redis_url="redis+cluster://any")).prefix
    with run_sentinel(tmp_path) if kind == "sentinel" else run_cluster(tmp_path, prefix) as servers:
        settings = replace(settings, redis_url=servers.url)
        names = Names.of(settings)
        redis, raw = connect_redis(settings), connect_redis(settings, text=False)
        with redis.pipeline() as pipe:  # one transaction, several names
            pipe.watch(names.leader)  # type: ignore[no-untyped-call]
            pipe.multi()
            pipe.set(names.head, "1")
            pipe.set(names.game(3), "2")
            assert pipe.execute() == [True, True]
        assert raw.mget(names.head, names.game(3)) == [b"1", b"2"]
        asyncio.run(_fail_over(settings, servers, redis, names))


async def _fail_over(settings: Settings, servers: Servers, redis: Any, names: Names) -> None:
    follower = async_redis(settings, 4)
    await follower.set(names.cursor, "kept")
    assert await follower.waitaof(1, 1, 3000) == [1, 1]
    old = servers.primary(names.prefix)
    servers.kill(old)

    async def later(ask: Callable[[], Any]) -> Any:
        for _ in range(300):
            try:
                answer = ask()
                return await answer if asyncio.iscoroutine(answer) else answer
            except RedisError:
                await asyncio.sleep(0.1)
        raise AssertionError("no other primary")

    assert await later(lambda: follower.get(names.cursor)) == "kept"
    assert await later(lambda: redis.get(names.cursor)) == "kept"
    new = servers.primary(names.prefix)
    assert new != old and await follower.set(names.cursor, "more")
    servers.start_again(old)
    until(lambda: servers.role(old) == "slave")
    assert await later(lambda: follower.get(names.cursor)) == "more" == redis.get(names.cursor)
    while await follower.waitaof(1, 1, 1000) != [1, 1]:  # until the old one keeps up as a replica
        await asyncio.sleep(0.1)
    _swap(servers, old, new)  # the clients' connections stay open to a server that is no primary any more
    assert await later(lambda: follower.set(names.cursor, "last"))
    assert await later(lambda: redis.get(names.cursor)) == "last"
    await follower.aclose(close_connection_pool=True)


def _swap(servers: Servers, replica: int, primary: int) -> None:
    """The replica becomes the primary while both live, as for maintenance."""
    node = servers.at(replica)
    if node.info("server").get("redis_mode") == "cluster" or node.info("server").get("server_mode") == "cluster":
        until(lambda: node.execute_command("CLUSTER", "FAILOVER"))
    else:
        sentinel = servers.at(int(servers.url.split(":")[2].partition("/")[0]))
        until(lambda: sentinel.execute_command("SENTINEL", "FAILOVER", "games"))
    until(lambda: servers.role(replica) == "master" and servers.role(primary) == "slave")
