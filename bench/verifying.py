"""What a verification costs on a local chain: gas by the receipt, and the size of the verifier's code."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

CONTRACTS = Path(__file__).parents[1] / "contracts"
GAS = 1 << 40
"""Limit of a transaction: none that a verifier could meet."""


def on_chain(source: str, calldata: bytes, forged: bytes) -> dict[str, int]:
    """Gas of a verification as its receipt says, calldata included, and the size of the verifier's code.

    Raises RuntimeError unless the verifier accepts `calldata` and refuses `forged`.
    """
    code = compile_verifier(source)
    with chain() as call:
        deployed = _send(call, {"data": code})
        verifier = deployed["contractAddress"]
        transaction = {"to": verifier, "data": "0x" + calldata.hex()}
        if not call("eth_call", transaction, "latest"):
            raise RuntimeError("the verifier on the local chain refuses a proof that verifies here")
        if call("eth_call", transaction | {"data": "0x" + forged.hex()}, "latest"):
            raise RuntimeError("the verifier on the local chain accepts a proof with another public word")
        receipt = _send(call, transaction)
        runtime = len(str(call("eth_getCode", verifier, "latest"))) // 2 - 1
    return {"verify_gas": int(receipt["gasUsed"], 16), "runtime_code_bytes": runtime}


def compile_verifier(source: str) -> str:
    """The creation code of a verifier, by the compiler from npm. Raises RuntimeError.

    Without the Yul optimiser, as the product deploys it; with it where that runs out of stack, as ezkl's does.
    """
    for yul in (False, True):
        optimizer = {"enabled": True, "runs": 10_000, "details": {"yul": yul}}
        output = {"*": {"*": ["evm.bytecode.object"]}}
        request = {
            "language": "Solidity",
            "sources": {"Verifier.sol": {"content": source}},
            "settings": {"evmVersion": "cancun", "optimizer": optimizer, "outputSelection": output},
        }
        run = subprocess.run(
            [CONTRACTS / "solc", "--standard-json"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(run.stdout)
        errors = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
        if not errors:
            contracts = [contract for file in answer["contracts"].values() for contract in file.values()]
            return "0x" + str(max((contract["evm"]["bytecode"]["object"] for contract in contracts), key=len))
    raise RuntimeError(f"the verifier does not compile: {errors[0]}")


@contextlib.contextmanager
def chain() -> Iterator[Callable[..., Any]]:
    """A local chain for as long as it is wanted, without limits on code and gas: a JSON-RPC call, which gives None
    where the chain gives an error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(CONTRACTS / "node_modules" / ".bin" / "anvil"),
        "--port",
        str(port),
        "--hardfork",
        "osaka",
        "--quiet",
    ]
    command += ["--gas-limit", str(GAS), "--disable-code-size-limit"]

    def call(method: str, *parameters: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        return httpx.post(f"http://127.0.0.1:{port}", json=body, timeout=120).json().get("result")

    with subprocess.Popen(command) as process:
        try:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    call("eth_chainId")
                    break
                time.sleep(0.1)
            yield call
        finally:
            process.terminate()


def _send(call: Callable[..., Any], transaction: dict[str, Any]) -> Any:
    """The receipt of a transaction that succeeds."""
    (sender, *_) = call("eth_accounts")
    receipt = call(
        "eth_getTransactionReceipt", call("eth_sendTransaction", transaction | {"from": sender, "gas": hex(GAS)})
    )
    if receipt is None or int(receipt["status"], 16) != 1:
        raise RuntimeError("a transaction fails on the local chain")
    return receipt
