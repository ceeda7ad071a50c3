from __future__ import annotations

from tests.server.api.problem import is_problem
from tests.server.table import ETHER, Table, serve

ADDRESS = "0x" + "12" * 20


def test_the_faucet_funds_once(table: Table) -> None:
    with serve(table) as client:
        assert client.post("/api/faucet", json={"address": ADDRESS}).status_code == 200
        assert table.w3.eth.get_balance(table.w3.to_checksum_address(ADDRESS)) == 10 * ETHER
        is_problem(client.post("/api/faucet", json={"address": ADDRESS}), 429)
        is_problem(client.post("/api/faucet", json={"address": "0x12"}), 422)
        many = [client.post("/api/faucet", json={"address": f"0x{n:040x}"}).status_code for n in range(100, 200)]
        assert many.count(200) >= 20 and 429 in many
