from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from server.keys import address_of
from server.settings import Environment, Settings
from tests.server.scripted import chain
from tests.server.table import RECEIPT, RELAY, Table, deploy_game, run_anvil, run_valkey


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with run_valkey(tmp_path_factory.mktemp("v")) as redis:
        yield redis


@pytest.fixture(scope="session")
def anvil() -> Iterator[tuple[str, str]]:
    """A chain with a game contract: its address, and the contract's."""
    with run_anvil() as url:
        yield url, deploy_game(url)


@pytest.fixture
def redis(valkey: Redis) -> Redis:
    valkey.flushall()
    return valkey


@pytest.fixture
def settings(redis: Redis, anvil: tuple[str, str], tmp_path: Path) -> Settings:
    network = tmp_path / "network"
    network.write_bytes(b"")
    environment = Environment.read(
        data_dir=tmp_path,
        cache_dir=tmp_path,
        redis_url="unix://" + redis.connection_pool.connection_kwargs["path"],
        rpc_url=anvil[0],
        contract=anvil[1],
        receipt_key=RECEIPT,
        payee=address_of(RELAY),
        network=network,
        frontend=tmp_path / "dist",
        beacon_url="http://127.0.0.1:9",
        ballot_margin=5,
    )
    return Settings.load(environment)


@pytest.fixture
def table(settings: Settings, redis: Redis) -> Iterator[Table]:
    table = Table(settings, redis)
    snapshot = table.rpc("evm_snapshot")
    yield table
    table.rpc("evm_revert", snapshot)


@pytest.fixture(scope="module")
def other_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chain(tmp_path_factory.mktemp("chain")) as url:
        yield url
