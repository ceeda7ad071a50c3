from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

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
        call = {"id": 1, "method": "eth_call", "params": [{"to": "0x" + "12" * 20}, "latest"]}
        is_problem(rpc([call] * 5), 400)
        assert len(rpc([call] * 4).json()) == 4
        for body in ([], {}, 1, [1], {"method": 1}, {"method": ["eth_call"]}, {**read, "params": {"a": 1}}):
            is_problem(rpc(body), 400)
        json_type = {"content-type": "application/json"}
        is_problem(client.post("/rpc", content=b"[" * 100_000, headers=json_type), 400)
        is_problem(client.post("/rpc", content=json.dumps(read), headers={"content-type": "text/plain"}), 415)


def test_an_endless_loop_does_not_hold_up_the_chain(table: Table) -> None:
    loop = {"data": "0x5b600056", "gas": hex(1 << 62)}
    with serve(table) as client:
        for method in ("eth_call", "eth_estimateGas"):
            for transaction in (loop, {"data": loop["data"]}):
                began = time.monotonic()
                answer = client.post("/rpc", json={"id": 1, "method": method, "params": [transaction, "latest"]}).json()
                assert "error" in answer, answer
                assert time.monotonic() - began < 8
        assert client.post("/rpc", json={"id": 1, "method": "eth_blockNumber"}).json()["result"]


def test_what_would_cost_the_node_much_is_refused(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.rpc.LOG_BLOCKS", 10)
    monkeypatch.setattr("server.api.rpc.CALL_RATE", 0.01)
    monkeypatch.setattr("server.api.rpc.CALL_BURST", 3)
    transaction = {"to": "0x" + "12" * 20}
    with serve(table) as client:

        def rpc(method: str, *params: Any) -> httpx.Response:
            return client.post("/rpc", json={"id": 1, "method": method, "params": params})

        for method in ("eth_call", "eth_estimateGas"):
            is_problem(rpc(method), 400)
            is_problem(rpc(method, "0x"), 400)
            is_problem(rpc(method, transaction, "latest", {"0x" + "11" * 20: {"code": "0x5b600056"}}), 400)
            for gas in (1e30, "-1", "0xzz", "0x" + "f" * 40, {}):
                is_problem(rpc(method, {**transaction, "gas": gas}, "latest"), 400)
        for where in (
            {"fromBlock": "0x0", "toBlock": "0xa"},
            {"fromBlock": "earliest", "toBlock": "0xffff"},
            {"fromBlock": "earliest"},
            {"fromBlock": "0x0", "toBlock": "latest"},
            {"fromBlock": {}, "toBlock": "0x1"},
        ):
            is_problem(rpc("eth_getLogs", where), 400)
        assert "result" in rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x9"}).json()
        assert "result" in rpc("eth_getLogs", {}).json()
        assert "result" in rpc("eth_feeHistory", hex(1 << 40), "latest", []).json()
        codes = [rpc("eth_call", transaction, "latest").status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
