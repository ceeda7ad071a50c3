"""What is on the chain of one game: its logs, the calls that emitted them, their blocks, and the code it relies on.

A record is JSON, so it can be kept in a file and audited elsewhere.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any, cast

from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from server.chain import contracts
from server.settings import SettingsError

Record = dict[str, Any]

LOG_RANGE = 5_000
"""Blocks asked for at once; public nodes answer no more."""
CALLED = ("Staked", "BallotsCast", "Moved")
"""Events of which an audit reads the call that emitted them."""
PAYING = tuple(Web3.keccak(text=f"{name}(uint256,address)")[:4] for name in ("claim", "claimTo"))
"""Selectors of the functions in which the contract calls others, which may call it again."""


def fetch(w3: Web3, contract: str, game: int, start_block: int) -> Record:
    """Everything that an audit of a game reads, as JSON. Raises SettingsError if there is no such game."""
    address = Web3.to_checksum_address(contract)
    newest = w3.eth.block_number

    def logs(names: list[str], number: int) -> list[Any]:
        topics = [[_topics()[name] for name in names], "0x" + number.to_bytes(32, "big").hex()]
        found: list[Any] = []
        for start in range(start_block, newest + 1, LOG_RANGE):
            end = min(newest, start + LOG_RANGE - 1)
            found += w3.eth.get_logs(
                {"address": address, "fromBlock": start, "toBlock": end, "topics": cast(Any, topics)}
            )
        return found

    entries = logs([name for name in _topics() if name not in ("ModelAdded", "BookAdded")], game)
    if not entries:
        raise SettingsError(f"there is no game {game} at {contract} since block {start_block} (CONTRACT, START_BLOCK)")
    terms = contracts.game_contract(w3, contract).events.GameCreated().process_log(entries[0])["args"]["terms"]
    entries = logs(["ModelAdded"], terms["model"]) + logs(["BookAdded"], terms["book"]) + entries

    keys = ("address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "transactionIndex", "logIndex")
    kept: list[Record] = []
    blocks = {}
    code = {address: w3.eth.get_code(address).to_0x_hex()}
    rules = None
    if contracts.is_code_of("Game", HexBytes(code[address])):
        rules = contracts.game_contract(w3, contract).functions.rules().call()
        code[rules] = w3.eth.get_code(rules).to_0x_hex()
    for entry in entries:
        name, args = decode(entry)
        kept.append({key: _plain(entry[key]) for key in keys})
        if name in CALLED:
            kept[-1]["call"] = _call(w3, entry)
        numbers = [entry["blockNumber"]] + ([args["drawBlock"]] if name == "DrawFixed" else [])
        for number in numbers:
            if str(number) not in blocks and number <= newest:
                block = w3.eth.get_block(number)
                blocks[str(number)] = {"hash": block["hash"].to_0x_hex(), "timestamp": block["timestamp"]}
        for account in (args.get("verifier"), args.get("pointer")):
            if account is not None:
                code[account] = w3.eth.get_code(account).to_0x_hex()
    return {
        "chainId": w3.eth.chain_id,
        "contract": address,
        "rules": rules,
        "creation": _creation(w3, address, start_block, newest),
        "game": game,
        "block": newest,
        "logs": kept,
        "blocks": blocks,
        "code": code,
    }


def _call(w3: Web3, entry: Any) -> Record | None:
    """The call of the contract that emitted a log: from, value and input. None if the node does not tell.

    It is the transaction's own, unless other contracts called, or were called, in between.
    """
    transaction = w3.eth.get_transaction(entry["transactionHash"])
    if transaction.get("to") == entry["address"] and transaction["input"][:4] not in PAYING:
        return {key: _plain(transaction[key]) for key in ("from", "value", "input")}
    return _inner_call(w3, entry)


def _inner_call(w3: Web3, entry: Any) -> Record | None:
    """Finds the call that emitted a log by a trace of its transaction, which not every node offers."""
    options = {"tracer": "callTracer", "tracerConfig": {"withLog": True}}
    try:
        asked = [entry["transactionHash"].to_0x_hex(), options]
        answer = w3.provider.make_request(RPCEndpoint("debug_traceTransaction"), asked)
    except (OSError, ValueError, RecursionError, Web3Exception):  # not offered, or nested too deep to be read
        return None
    frames: list[Any] = [answer.get("result") or {}]
    while frames:
        frame = frames.pop()
        if "error" in frame:  # reverted, with all that is in it
            continue
        to_contract = frame.get("type") == "CALL" and HexBytes(frame["to"]) == HexBytes(entry["address"])
        if to_contract and any(_content(log) == _content(entry) for log in frame.get("logs", ())):
            sender = Web3.to_checksum_address(frame["from"])
            return {"from": sender, "value": int(frame.get("value", "0x0"), 16), "input": frame["input"]}
        frames += frame.get("calls", ())
    return None


def _content(log: Any) -> list[HexBytes]:
    return [HexBytes(part) for part in (*log["topics"], log["data"])]


def _creation(w3: Web3, address: ChecksumAddress, start_block: int, newest: int) -> str | None:
    """The input of the transaction that created a contract: the creation code with the constructor's arguments.

    None if the node has forgotten the states it is searched in, or if another contract created it.
    """

    def created_in(number: int) -> str | None:
        for transaction in cast("list[Any]", w3.eth.get_block(number, full_transactions=True)["transactions"]):
            if transaction.get("to") is None:
                receipt = w3.eth.get_transaction_receipt(transaction["hash"])
                if receipt["contractAddress"] == address:
                    return cast(str, _plain(transaction["input"]))
        return None

    try:
        if found := created_in(start_block):  # as a deployment's record says
            return found
        low, high = start_block, newest
        while low < high:
            middle = (low + high) // 2
            if w3.eth.get_code(address, middle):
                high = middle
            else:
                low = middle + 1
        return created_in(low)
    except (OSError, Web3Exception):
        return None


def write(record: Record, file: Path) -> None:
    """Keeps what `fetch` read in a file. Raises SettingsError if it cannot be written."""
    try:
        file.write_text(json.dumps(record, indent=1) + "\n")
    except OSError as error:
        raise SettingsError(f"--save: {file} cannot be written ({error.strerror})") from None


def read(file: Path) -> Record:
    """What `write` kept. Raises SettingsError for anything else."""
    sys.setrecursionlimit(1000)  # py_ecc sets it so high that brackets enough would end the process
    try:
        record = json.loads(file.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"--file: {file} cannot be read: {error}") from None
    names = {"chainId", "contract", "rules", "creation", "game", "logs", "blocks", "code"}
    if not isinstance(record, dict) or names - set(record):
        raise SettingsError(f"--file: {file} is not what --save writes")
    return cast("Record", record)


@functools.cache
def contract_interface() -> Any:
    """The game contract's interface, of no chain: decodes events and calls."""
    return Web3().eth.contract(abi=contracts.abi())


@functools.cache
def _topics() -> dict[str, str]:
    """The first topic of each event, by name."""
    return {event().event_name: event().topic for event in contract_interface().events}


def decode(log: Any) -> tuple[str, Any]:
    """The name and the arguments of a log."""
    names = {topic: name for name, topic in _topics().items()}
    name = names[HexBytes(log["topics"][0]).to_0x_hex()]
    raw = {**log, "topics": [HexBytes(topic) for topic in log["topics"]], "data": HexBytes(log["data"])}
    return name, contract_interface().events[name]().process_log(raw)["args"]


def _plain(value: Any) -> Any:
    """A value of web3 as JSON."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
