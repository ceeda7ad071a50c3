"""The draw off local chains: the relay brings a round that drand's quicknet really signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from server.chain import beacon
from server.keys import address_of
from server.settings import Environment, Settings
from tests.server.table import RECEIPT, RELAY, Table, deploy_game, run_anvil
from tests.vectors.beacon import QUICKNET

ROUND = 32285085
DUE = beacon.GENESIS + (ROUND - 1) * beacon.PERIOD
DAY = 24 * 3600


@pytest.fixture
def drawn(redis: Redis, tmp_path: Path) -> Iterator[tuple[Table, int]]:
    """A table on a chain that is not local, and a game whose opening ROUND draws: the lobby closed a minute before."""
    options = ("--chain-id", "10", "--hardfork", "osaka", "--timestamp", str(DUE - 2 * DAY - 600))
    with run_anvil(*options) as url:
        contract = deploy_game(url, insecure=False)
        (tmp_path / "network").write_bytes(b"")
        environment = Environment.read(
            data_dir=tmp_path,
            cache_dir=tmp_path,
            redis_url="unix://" + redis.connection_pool.connection_kwargs["path"],
            rpc_url=url,
            chain_id=10,
            contract=contract,
            receipt_key=RECEIPT,
            payee=address_of(RELAY),
            network=tmp_path / "network",
            setup=tmp_path / "network",
            setup_hash="00" * 64,
        )
        table = Table(Settings.load(environment), redis)
        table.rpc("evm_setNextBlockTimestamp", DUE - DAY)
        table.mine()
        game = table.new_game(lobbyPeriod=3600)
        table.stake(game)
        table.rpc("evm_setNextBlockTimestamp", DUE - 61)
        table.mine()
        table.rpc("evm_setNextBlockTimestamp", DUE - 60)
        table.send(RELAY, table.call.closeLobby(game))
        yield table, game


def test_the_relay_brings_the_round(drawn: tuple[Table, int], monkeypatch: pytest.MonkeyPatch) -> None:
    table, game = drawn
    summary = table.chain.summary(game)
    assert (summary.draw_round, summary.draw_block, summary.deadline) == (ROUND, 0, DUE + DAY)
    asked: list[tuple[str, int]] = []
    answers = [beacon.BeaconError("not yet"), beacon.uncompressed(QUICKNET[1000]), beacon.uncompressed(QUICKNET[ROUND])]

    def fetch(url: str, number: int) -> bytes:
        asked.append((url, number))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(beacon, "fetch", fetch)
    monkeypatch.setattr("server.processes.relay.BEACON_RETRY_SECONDS", 0.0)
    table.run(lambda: len(asked) == 2)
    for _ in range(3):
        table.relay.step()
    assert len(asked) == 2 and table.chain.summary(game) == summary, "another round's signature is not sent"
    table.relay.rounds.clear()
    table.mine()
    table.run(lambda: table.document(game).get("state") == "vote")
    assert asked[-1] == ("https://api.drand.sh", ROUND)


def test_a_block_draws_where_the_beacon_is_silent(drawn: tuple[Table, int], monkeypatch: pytest.MonkeyPatch) -> None:
    table, game = drawn

    def fetch(url: str, number: int) -> bytes:
        raise beacon.BeaconError("down")

    monkeypatch.setattr(beacon, "fetch", fetch)
    table.run(lambda: table.document(game).get("state") == "drawn")
    assert table.document(game)["deadline"] == DUE + DAY
    table.rpc("evm_setNextBlockTimestamp", DUE + DAY)
    table.mine()
    table.run(lambda: table.chain.summary(game).draw_block != 0)
    table.run(lambda: table.document(game)["deadline"] == 0)
    table.mine(4)
    table.run(lambda: table.document(game).get("state") == "vote")
