from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from server.settings import Settings, address_of
from tests.server.table import RELAY, Table, deploy_game, run_anvil, run_valkey


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
    return Settings(
        data_dir=tmp_path,
        cache_dir=tmp_path,
        host="127.0.0.1",
        port=8000,
        redis_url="unix://" + redis.connection_pool.connection_kwargs["path"],
        rpc_url=anvil[0],
        public_rpc_url=None,
        chain_id=31337,
        contract=anvil[1],
        start_block=0,
        relay_key=RELAY,
        faucet_key=None,
        payee=address_of(RELAY),
        network=tmp_path / "none.safetensors",
        setup=None,
        setup_hash=None,
        explorer=None,
        frontend=tmp_path / "dist",
        ballot_margin=5,
        relay_gas=30_000_000,
        log_level="info",
    )


@pytest.fixture
def table(settings: Settings, redis: Redis) -> Iterator[Table]:
    table = Table(settings, redis)
    snapshot = table.rpc("evm_snapshot")
    yield table
    table.rpc("evm_revert", snapshot)
