"""The series: one lobby open while somebody is there, within the operator's bounds, never two at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from server.chain import deploy
from server.chain.sender import Sender
from server.processes.series import Plan, Series, demo_plan, operators_plan
from server.settings import Environment, SettingsError
from tests.server.table import ETHER, OWNER, TERMS, Table, serve

HOUSE = "0x" + "66" * 32
LOBBY: Mapping[str, int | bool] = {**TERMS, "lobbyPeriod": 60}


def series(table: Table, **plan: Any) -> Series:
    owner, house = Sender(table.w3, OWNER, "OWNER_KEY"), Sender(table.w3, HOUSE, "HOUSE_KEY")
    table.rpc("anvil_setBalance", house.address, hex(100 * ETHER))
    return Series(table.chain.contract, owner, table.redis, table.names, Plan(LOBBY, **{"games": 3, **plan}), house)


def games(table: Table) -> int:
    return int(table.call.games().call())


def said(table: Table) -> Any:
    return table.redis.get(table.names.series_state)


def close(table: Table) -> None:
    """Lets the lobby's time pass; with a World stake, the game then begins."""
    table.rpc("evm_increaseTime", 61)
    table.mine()
    table.run(lambda: deploy.state(table.chain.contract, games(table) - 1) != "lobby")


def test_a_lobby_opens_for_a_visitor_and_the_next_when_it_closes(table: Table) -> None:
    at, house = series(table), Sender(table.w3, HOUSE, "HOUSE_KEY").address
    first = games(table)
    assert not at.step() and games(table) == first, "nobody is here"
    assert said(table) == "waiting"
    table.redis.set(table.names.visited, "1")
    assert at.step() and not at.step()
    assert games(table) == first + 1 and said(table) == "open"
    assert table.call.stakeOf(first, house).call().amount == deploy.HOUSE_STAKE
    table.stake(first)
    close(table)
    assert at.step() and games(table) == first + 2
    colours = [table.call.terms(number).call().worldIsWhite for number in (first, first + 1)]
    assert colours[0] != colours[1], "the World takes the other colour"


def test_a_house_that_the_contract_refuses_does_not_stop_the_series(table: Table) -> None:
    """Leela's pool can be closed by the terms, and a lobby can close between the look and the stake."""
    at = series(table)
    at.plan = replace(at.plan, terms={**LOBBY, "leelaPoolOpen": False, "maxOdds": 0, "fee": 0})
    table.redis.set(table.names.visited, "1")
    assert at.step() and not at.step() and said(table) == "open"


def test_no_more_games_are_on_than_the_operator_allows(table: Table) -> None:
    at, first = series(table, games=1), games(table)
    table.redis.set(table.names.visited, "1")
    assert at.step()
    table.stake(first)
    close(table)
    assert not at.step() and said(table) == "full"


def test_nothing_is_opened_below_the_reserve(table: Table) -> None:
    at, first = series(table, reserve=10**9 * ETHER), games(table)
    table.redis.set(table.names.visited, "1")
    assert not at.step() and games(table) == first and said(table) == "spent"


def test_of_two_series_one_acts(table: Table) -> None:
    one, other, first = series(table), series(table), games(table)
    table.redis.set(table.names.visited, "1")
    assert one.step() and not other.step()
    one.lease.release()
    assert not other.step() and games(table) == first + 1, "the lobby is open"


def test_a_game_that_is_under_way_to_the_chain_is_not_opened_again(table: Table) -> None:
    """A process that was killed after it sent: the next one waits for the transaction."""
    at, first = series(table), games(table)
    table.redis.set(table.names.visited, "1")
    table.rpc("evm_setAutomine", False)
    try:
        call: Any = table.call.createGame(dict(LOBBY), 0)
        nonce = at.owner.count("latest")
        prices = {"gas": 2_000_000, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
        draft = call.build_transaction({"from": at.owner.address, "nonce": nonce, "chainId": 31337, **prices})
        table.w3.eth.send_raw_transaction(cast(Any, at.owner.signer.sign(draft).raw))
        assert not at.step() and games(table) == first
    finally:
        table.rpc("evm_setAutomine", True)
    table.mine()
    assert not at.step() and games(table) == first + 1


def test_a_kill_before_the_houses_stake_is_made_good(table: Table) -> None:
    at, first = series(table), games(table)
    table.new_game(**LOBBY)
    assert not at.step()
    assert at.house is not None
    assert table.call.stakeOf(first, at.house.address).call().amount == deploy.HOUSE_STAKE


def test_whoever_looks_at_the_games_is_a_visitor(table: Table) -> None:
    table.redis.set(table.names.series_state, "full")
    with serve(table) as client:
        assert client.get("/api/games").json()["series"] == "full"
    assert table.redis.get(table.names.visited) == "1"


def test_plans() -> None:
    assert demo_plan(Environment(), 0, 0).terms["lobbyPeriod"] == 60
    plan = operators_plan(
        Environment(series=2, series_terms="bet votingPeriod=600", series_fund="0.5", unlisted_chain=True), 31337
    )
    assert (plan.games, plan.fund, plan.reserve, plan.terms["votingPeriod"]) == (2, ETHER // 2, ETHER, 600)
    for values, message in (
        ({"series": 1, "series_terms": "poker"}, "SERIES_TERMS"),
        ({"series": 1, "series_terms": "prize"}, "pot"),
        ({"series_terms": "bet"}, "SERIES: 0 or missing"),
        ({"series": 1, "series_terms": "bet votingPeriod=x"}, "votingPeriod=x"),
        ({"series": 1, "series_fund": "-1"}, "SERIES_FUND"),
    ):
        with pytest.raises(SettingsError, match=message):
            operators_plan(Environment(**values), 31337)
