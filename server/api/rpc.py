"""A JSON-RPC proxy to the local chain, on the page's own origin. It passes on reads and signed transactions."""

from __future__ import annotations

import json
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


async def forward(client: httpx.AsyncClient, url: str, body: bytes) -> Response:
    """The node's answer to a request, or to a batch of them. Raises Problem."""
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
    clean = [_clean(call) for call in calls]
    try:
        answer = await client.post(url, json=clean if isinstance(asked, list) else clean[0])
    except httpx.HTTPError:
        raise Problem(503, "the chain does not answer now; try again soon", retry_after=1) from None
    return Response(answer.content, answer.status_code, media_type="application/json")


def _clean(call: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call.get("id"), "method": call["method"], "params": call.get("params", [])}
