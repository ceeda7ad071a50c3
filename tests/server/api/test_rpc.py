from __future__ import annotations

import json
from typing import Any

import httpx

from tests.server.api.problem import is_problem
from tests.server.table import Table, serve


def test_the_proxy_passes_on_reads_and_signed_transactions_only(table: Table) -> None:
    with serve(table) as client:

        def rpc(body: Any) -> httpx.Response:
            return client.post("/rpc", json=body)

        block = rpc({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).json()
        assert int(block["result"], 16) == table.chain.head().number
        both = rpc([{"id": 1, "method": "eth_chainId"}, {"id": 2, "method": "net_version", "params": []}]).json()
        assert [answer["result"] for answer in both] == ["0x7a69", "31337"]
        for method in (
            "anvil_setBalance",
            "evm_mine",
            "eth_sendTransaction",
            "eth_accounts",
            "eth_sign",
            "debug_traceCall",
            "eth_newFilter",
            "ETH_CALL",
            "eth_call ",
        ):
            is_problem(rpc({"id": 1, "method": method, "params": []}), 403)
        read = {"id": 1, "method": "eth_chainId", "params": []}
        is_problem(rpc([read, {"id": 1, "method": "evm_mine", "params": []}]), 403)
        is_problem(rpc([read] * 21), 400)
        for body in ([], {}, 1, [1], {"method": 1}, {"method": ["eth_call"]}, {**read, "params": {"a": 1}}):
            is_problem(rpc(body), 400)
        json_type = {"content-type": "application/json"}
        is_problem(client.post("/rpc", content=b"[" * 100_000, headers=json_type), 400)
        is_problem(client.post("/rpc", content=json.dumps(read), headers={"content-type": "text/plain"}), 415)
