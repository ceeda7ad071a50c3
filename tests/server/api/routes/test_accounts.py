"""What an account has: in one game, and in all of them."""

from __future__ import annotations

from typing import Any

from eth_account import Account

from tests.server.table import ETHER, Table, serve


def test_an_account_reads_its_games(table: Table) -> None:
    """One game cancelled for want of World stakes, one that waits, one of somebody else's."""
    key = "0x" + "77" * 32
    holder = Account.from_key(key).address
    empty = table.new_game(lobbyPeriod=60)
    table.stake(empty, 2 * ETHER, side=1, key=key)
    table.rpc("evm_increaseTime", 61)
    table.mine()
    table.run(lambda: table.document(empty).get("state") == "over")
    other, waiting = table.new_game(lobbyPeriod=3600), table.new_game(lobbyPeriod=3600)
    table.stake(other)
    table.stake(waiting, 3 * ETHER, key=key)
    table.run(lambda: table.document(waiting).get("seats") == 1)

    with serve(table) as client:
        games: dict[str, Any] = client.get(f"/api/accounts/{holder}/games").json()
        one = client.get(f"/api/games/{empty}/accounts/{holder}").json()
        assert client.get(f"/api/accounts/{holder}/games?before={waiting}").json()["games"] == games["games"][1:]
        assert client.get("/api/accounts/0x12/games").status_code == 422
    assert games["before"] is None
    rows = [(row["game"]["id"], row["side"], row["stake"], row["payout"], row["owed"]) for row in games["games"]]
    assert rows == [
        (waiting, "world", str(3 * ETHER), None, "0"),
        (empty, "leela", str(2 * ETHER), str(2 * ETHER), str(2 * ETHER)),
    ]
    assert one["owed"] == str(2 * ETHER)
    assert one["version"] == int(table.redis.get(table.names.version(empty)))


def test_an_account_without_any_game(table: Table) -> None:
    with serve(table) as client:
        assert client.get(f"/api/accounts/{'0x' + '12' * 20}/games").json() == {
            "games": [],
            "before": None,
            "next": None,
        }
