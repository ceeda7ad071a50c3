"""A JSON-RPC proxy to the local chain, on the page's own origin. It passes on reads and signed transactions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
from fastapi import Response

from server.api.problems import Problem

ALLOWED = frozenset(
    {
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getStorageAt",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_maxPriorityFeePerGas",
        "eth_sendRawTransaction",
        "net_version",
    }
)
"""No method that uses the node's own accounts, changes the chain's rules, or keeps state in the node."""
BATCH = 20
BODY = 128 * 1024
"""Longest body, in bytes. A proof's transaction has 7 kB as hex, a deployment by a wallet up to 100 kB."""
CALL_GAS = 16_000_000
"""Most gas of a simulated call, a little below that of a transaction (EIP-7825): an endless loop ends here."""
CALL_RATE, CALL_BURST = 20.0, 200
"""Simulated calls that a visitor has a second, and at once."""
BATCH_CALLS = 4
"""Most simulated calls in one batch."""
LOG_BLOCKS = 10_000
"""Most blocks that logs are asked for at once."""
FEE_BLOCKS = 128
SECONDS = 10.0
"""How long the node may take for an answer."""
SIMULATED = frozenset({"eth_call", "eth_estimateGas"})
TAGS = ("latest", "pending", "safe", "finalized")


async def forward(client: httpx.AsyncClient, url: str, body: bytes, spend: Callable[[], None]) -> Response:
    """The node's answer to a request, or to a batch of them. `spend` counts a simulated call. Raises Problem."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    calls = asked if isinstance(asked, list) else [asked]
    if not 1 <= len(calls) <= BATCH:
        raise Problem(400, f"a batch holds 1 to {BATCH} requests")
    for call in calls:
        method = call.get("method") if isinstance(call, dict) else None
        if not isinstance(method, str) or not isinstance(call.get("params", []), list):
            raise Problem(400, "this is not a JSON-RPC request")
        if method not in ALLOWED:
            raise Problem(403, f"{method[:40]!r} is not among the methods that this proxy passes on")
    if sum(call["method"] in SIMULATED for call in calls) > BATCH_CALLS:
        raise Problem(400, f"a batch holds at most {BATCH_CALLS} calls of {' and '.join(sorted(SIMULATED))}")
    clean = [_clean(call) for call in calls]
    for call in calls:
        if call["method"] in SIMULATED:
            spend()
    try:
        answer = await client.post(url, json=clean if isinstance(asked, list) else clean[0], timeout=SECONDS)
    except httpx.HTTPError:
        raise Problem(503, "the chain does not answer now; try again soon", "away", retry_after=1) from None
    return Response(answer.content, answer.status_code, media_type="application/json")


def _clean(call: dict[str, Any]) -> dict[str, Any]:
    method, params = call["method"], list(call.get("params", []))
    if method in SIMULATED:
        params = _bounded_call(params)
    elif method == "eth_getLogs":
        _check_range(params)
    elif method == "eth_feeHistory" and params:
        params[0] = hex(min(params[0] if isinstance(params[0], int) else _number(params[0], "blockCount"), FEE_BLOCKS))
    return {"jsonrpc": "2.0", "id": call.get("id"), "method": method, "params": params}


def _bounded_call(params: list[Any]) -> list[Any]:
    """A call with at most CALL_GAS, on a block and without overrides of state or block, which could be as large."""
    if not 1 <= len(params) <= 2 or not isinstance(params[0], dict):
        raise Problem(400, "a call has a transaction and a block, and no overrides here")
    transaction = params[0]
    gas = CALL_GAS if transaction.get("gas") is None else min(_number(transaction["gas"], "gas"), CALL_GAS)
    return [{**transaction, "gas": hex(gas)}, *params[1:]]


def _check_range(params: list[Any]) -> None:
    """Raises Problem for logs of more than LOG_BLOCKS blocks. Without a range the node takes the newest block."""
    if len(params) != 1 or not isinstance(params[0], dict):
        raise Problem(400, "eth_getLogs has one filter")
    first, last = (params[0].get(name) for name in ("fromBlock", "toBlock"))
    if first in (None, *TAGS):
        return  # then it is the newest block, or nothing
    if last in (None, *TAGS):
        raise Problem(400, "eth_getLogs from a number of a block needs a number of its last block (toBlock) as well")
    start, end = 0 if first == "earliest" else _number(first, "fromBlock"), _number(last, "toBlock")
    if end - start >= LOG_BLOCKS:
        raise Problem(
            400, f"logs of {end - start + 1} blocks are too many for one request; ask for at most {LOG_BLOCKS}"
        )


def _number(value: Any, name: str) -> int:
    """A JSON-RPC quantity. Raises Problem."""
    try:
        if isinstance(value, str) and value.startswith("0x") and len(value) <= 18:
            return int(value, 16)
    except ValueError:
        pass
    raise Problem(400, f"{name} is not a number in hex that starts with 0x")
