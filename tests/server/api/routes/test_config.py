from __future__ import annotations

from dataclasses import replace

from server.settings import address_of
from tests.server.api.problem import is_problem
from tests.server.table import Table, serve


def test_a_page_learns_where_the_game_is(table: Table) -> None:
    with serve(table) as client:
        config = client.get("/api/config").json()
    assert (config["chainId"], config["contract"]) == (31337, table.settings.contract)
    assert config["relay"] == address_of(table.settings.need("receipt_key")) in config["receiptAddresses"]
    assert (config["local"], config["insecure"], config["faucet"], config["rpc"]) == (True, True, True, "/rpc")
    names = {entry.get("name") for entry in config["abi"]}
    assert {"stake", "castBallot", "BallotsCast", "WrongState"} <= names


def test_a_secret_is_in_no_answer(table: Table) -> None:
    with serve(table) as client:
        text = client.get("/api/config").text
    assert table.settings.need("receipt_key").removeprefix("0x") not in text
    assert str(table.settings.data_dir) not in text and table.settings.redis_url not in text


def test_another_chain_has_a_public_node_and_no_faucet(table: Table) -> None:
    settings = replace(
        table.settings, chain_id=10, public_rpc_url="https://node.example", explorer="https://scan.example"
    )
    table.settings = settings
    with serve(table) as client:
        config = client.get("/api/config").json()
        is_problem(client.post("/api/config"), 405)
    assert (config["local"], config["faucet"], config["rpc"]) == (False, False, "https://node.example")
    assert config["explorer"] == "https://scan.example"
