"""The compiled contracts of this checkout, and the compiler for generated verifiers."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract

from server.files import write_atomically
from server.model.game import STATES, State
from server.settings import ROOT, SettingsError

CONTRACTS = ROOT / "contracts"


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a verifier: the code that creates it, and the code it then has. 0x-prefixed hex."""

    creation: str
    runtime: str


@functools.cache
def artifact(contract: str) -> dict[str, Any]:
    """What forge made of a contract of `contracts/src`. Raises SettingsError before `make setup`."""
    path = CONTRACTS / "out" / f"{contract}.sol" / f"{contract}.json"
    try:
        return cast("dict[str, Any]", json.loads(path.read_text()))
    except (OSError, ValueError):
        raise SettingsError(f"{path} is missing or damaged: the contracts are not built; run `make setup`") from None


def abi() -> list[dict[str, Any]]:
    """The game contract's ABI, and the errors of its contract `Rules`, which it passes on unchanged."""
    own = cast("list[dict[str, Any]]", artifact("Game")["abi"])
    return own + [entry for entry in artifact("Rules")["abi"] if entry["type"] == "error" and entry not in own]


def game_contract(w3: Web3, address: str) -> Contract:
    """The game contract at an address. Its answers name their fields as the ABI does."""
    return w3.eth.contract(address=Web3.to_checksum_address(address), abi=abi(), decode_tuples=True)


def state_of(summary: Any) -> State | None:
    """The state in an answer of the contract's `summary`; None: there is no such game."""
    return STATES[summary.state - 1] if summary.state else None


def is_code_of(contract: str, code: bytes) -> bool:
    """Whether the code at an address is that of this checkout's contract, whatever its immutable values."""
    compiled = artifact(contract)["deployedBytecode"]
    ours, theirs = bytearray.fromhex(compiled["object"].removeprefix("0x")), bytearray(code)
    if len(ours) != len(theirs):
        return False
    for places in compiled.get("immutableReferences", {}).values():
        for place in places:
            part = slice(place["start"], place["start"] + place["length"])
            ours[part] = theirs[part] = bytes(place["length"])
    return ours == theirs


def artifact_hash() -> str:
    """Hash of the compiled game contract. A data folder with another hash was made with other contracts."""
    return "0x" + hashlib.sha256(artifact("Game")["bytecode"]["object"].encode()).hexdigest()


def compile_sources(*paths: str) -> dict[str, Any]:
    """ABI and bytecode of the first file's contract, named as the file; paths from the repository's root, as imported.

    For a contract of your own beside this checkout's. Raises SettingsError.
    """
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (ROOT / path).read_text()} for path in paths},
        "settings": {
            "evmVersion": "osaka",
            "optimizer": {"enabled": True, "runs": 200},
            "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object"]}},
        },
    }
    made = _solc(json.dumps(request))["contracts"][paths[0]][Path(paths[0]).stem]
    return {"abi": made["abi"], "bytecode": made["evm"]["bytecode"]["object"]}


def _solc(request: str) -> dict[str, Any]:
    """The compiler's output for a request in its standard JSON. Raises SettingsError."""
    try:
        run = subprocess.run(
            [str(CONTRACTS / "solc"), "--standard-json"],
            input=request,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        output = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SettingsError(f"nothing can be compiled by {CONTRACTS / 'solc'}: {error}; run `make setup`") from None
    if errors := [e["formattedMessage"] for e in output.get("errors", []) if e["severity"] == "error"]:
        raise SettingsError(f"it does not compile: {errors[0]}")
    return cast("dict[str, Any]", output)


def compile_verifier(source: str, cache_dir: Path) -> Compiled:
    """A generated verifier, compiled by the npm package solc, or found in the cache.

    The Yul optimiser is off: the generated assembly gains 0.1% from it. Raises SettingsError.
    """
    request = {
        "language": "Solidity",
        "sources": {"Verifier.sol": {"content": source}},
        "settings": {
            "evmVersion": "cancun",
            "optimizer": {"enabled": True, "runs": 10_000, "details": {"yul": False}},
            "outputSelection": {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }
    text = json.dumps(request, sort_keys=True)
    compiler = (CONTRACTS / "package-lock.json").read_bytes()  # which names solc's version
    folder = cache_dir / "verifiers"
    kept = folder / (hashlib.sha256(compiler + text.encode()).hexdigest() + ".json")
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Compiled(**json.loads(kept.read_text()))
    output = _solc(text)
    contracts = [contract["evm"] for file in output["contracts"].values() for contract in file.values()]
    largest = max(contracts, key=lambda code: len(code["bytecode"]["object"]))
    compiled = Compiled("0x" + largest["bytecode"]["object"], "0x" + largest["deployedBytecode"]["object"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(asdict(compiled)).encode() + b"\n")
    except OSError as error:
        raise SettingsError(f"CACHE_DIR: {kept} cannot be written ({error.strerror})") from None
    return compiled


def check_verifier_code(address: str, code: bytes, source: str, cache_dir: Path, maker: str) -> None:
    """Raises SettingsError unless the code at an address is what a source compiles to; `maker`: who put it there."""
    if code != bytes(HexBytes(compile_verifier(source, cache_dir).runtime)):
        raise SettingsError(
            f"the verifier at {address} is not the one that this network and setup make: another setup (SETUP), "
            f"another version of this program, or a dishonest {maker}"
        )
