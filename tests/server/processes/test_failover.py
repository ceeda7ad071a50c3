"""A vote and a proof through kill -9 of Redis's primary, with all processes as an operator starts them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from redis.exceptions import RedisError

from server.local.probe import unused_port
from server.settings import ROOT
from server.store.connect import connect_redis
from server.store.names import Names
from tests.server.processes.test_run import environment, running
from tests.server.redises import run_cluster, run_sentinel
from tests.server.table import ETHER, OTHER_RELAY, Table

VOTERS = 12
BEFORE = 8
"""Ballots acknowledged before the primary dies."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sentinel", "cluster"])
def test_no_acknowledged_ballot_is_lost_with_the_primary(table: Table, tmp_path: Path, kind: str) -> None:
    game, voters = table.start(*[ETHER] * VOTERS, votingPeriod=2000, minPeriod=1000)
    position = table.chain.summary(game).position
    prefix = Names.of(replace(table.settings, redis_url="redis+cluster://any")).prefix
    with run_sentinel(tmp_path) if kind == "sentinel" else run_cluster(tmp_path, prefix) as servers:
        settings, port = replace(table.settings, redis_url=servers.url), unused_port()
        names, end = Names.of(settings), time.monotonic() + 200
        given = {"PORT": str(port), "RELAY_KEY": OTHER_RELAY, "REDIS_URL": servers.url, "REDIS_REPLICAS": "1"}
        env = environment(settings, **given)
        with (
            running(env, "api", "indexer", "relay"),
            subprocess.Popen(
                [sys.executable, "-m", "tests.server.slow_worker", "0.5"],
                cwd=ROOT,
                env=env | {"RQ_KEY_PREFIX": names.jobs},  # as `proofmate worker` sets it
                stderr=subprocess.DEVNULL,
            ) as worker,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
        ):

            def until(holds: Callable[[], object]) -> None:
                while True:
                    try:
                        if holds():
                            return
                    except (httpx.TransportError, RedisError):
                        pass
                    assert time.monotonic() < end, "it never came to that"
                    time.sleep(0.1)

            def vote(seat: int) -> str:
                """`taken`, or the code of the refusal."""
                answer = client.post(f"/api/v1/games/{game}/ballots", json=table.sign(voters[seat], game, "e2e4"))
                return "taken" if answer.status_code == 202 else str(answer.json()["code"])

            try:
                until(lambda: client.get("/readyz").status_code == 200)
                table.rpc("evm_setAutomine", False)  # the chain has none of them yet
                assert [vote(seat) for seat in range(BEFORE)] == ["taken"] * BEFORE
                dead = servers.primary(names.prefix)
                servers.kill(dead)
                until(lambda: servers.primary(names.prefix) != dead)
                kept = servers.at(servers.primary(names.prefix)).hkeys(names.ballots(game, 0, position.key))
                assert sorted(map(int, kept)) == list(range(BEFORE))
                until(lambda: vote(BEFORE) == "replicas")  # one server is left: no promise
                servers.start_again(dead)
                for seat in range(BEFORE, VOTERS):
                    until(lambda seat=seat: vote(seat) == "taken")  # type: ignore[misc]
                table.rpc("evm_setAutomine", True)
                table.mine()
                redis = connect_redis(settings)
                until(lambda: redis.hlen(names.voted(game)) == VOTERS)
                table.rpc("evm_increaseTime", 1000)
                table.mine()
                until(lambda: table.chain.summary(game).position.ply == 2)  # the World's move, and the proven one
            finally:
                table.rpc("evm_setAutomine", True)
                worker.kill()
