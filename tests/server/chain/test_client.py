from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from server.chain.client import Chain
from server.chain.node import Unreachable
from server.settings import SettingsError
from tests.server.table import ETHER, Table


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rpc_url", "http://127.0.0.1:1", "RPC_URL: no chain answers"),
        ("chain_id", 1337, "CHAIN_ID: 1337, but RPC_URL is chain 31337"),
        ("contract", "0x" + "11" * 20, "CONTRACT: there is no contract at 0x1111"),
    ],
)
def test_a_wrong_setting_is_named(table: Table, name: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Chain.connect(replace(table.settings, **{name: value}))


def test_events_of_one_game_only(table: Table) -> None:
    first, second = table.new_game(), table.new_game()
    table.stake(first, ETHER)
    head = table.chain.head().number
    assert [event.name for event in table.chain.events(0, head, first)] == ["GameCreated", "Staked"]
    assert [event.name for event in table.chain.events(0, head, second)] == ["GameCreated"]
    assert list(table.chain.events(head + 1, head)) == []


def test_who_voted_at_a_ply(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000)
    table.receive(voters[1], game, "e2e4")
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)
    assert table.chain.voted(game, 0, 0) == {1}
    assert table.chain.voted(game, 2, 0) == table.chain.voted(game + 1, 0, 0) == set()
    assert table.chain.voted(game, 0, table.chain.head().number + 1) == set()


def test_the_newest_events_are_asked_for_by_hash(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    table.stake(game)
    table.mine(3)
    head = table.chain.head()
    whole = list(table.chain.events(0, head.number))
    asked: list[Any] = []
    get_logs = table.w3.eth.get_logs
    monkeypatch.setattr(table.w3.eth, "get_logs", lambda where: asked.append(where) or get_logs(where))
    monkeypatch.setattr("server.chain.logs.BLOCKS_BY_HASH", 4)
    assert list(table.chain.events_until(0, head)) == whole
    assert [where.get("toBlock") for where in asked] == [head.number - 4, None, None, None, None]
    assert list(table.chain.events_until(head.number + 1, head)) == []
    with pytest.raises(Unreachable):
        list(table.chain.events_until(0, replace(head, hash="0x" + "11" * 32)))


def test_a_node_that_lags_is_no_reorganisation(table: Table) -> None:
    head = table.chain.head()
    with pytest.raises(Unreachable):
        table.chain.extends(head.number + 1, "0x" + "11" * 32, replace(head, number=head.number + 3))


def test_events_are_read_in_pieces(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    table.stake(game)
    head = table.chain.head().number
    whole = list(table.chain.events(0, head))
    monkeypatch.setattr("server.chain.node.LOG_RANGE", 2)
    assert list(table.chain.events(0, head)) == whole
