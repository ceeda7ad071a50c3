"""What is on the chain of one game: its logs, their transactions and blocks, and the code of what it relies on.

A record is JSON, so it can be kept in a file and audited elsewhere.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any, cast

from hexbytes import HexBytes
from web3 import Web3

from server import deploy
from server.settings import SettingsError

Record = dict[str, Any]

LOG_RANGE = 5_000
"""Blocks asked for at once; public nodes answer no more."""


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
    terms = deploy.game_contract(w3, contract).events.GameCreated().process_log(entries[0])["args"]["terms"]
    entries = logs(["ModelAdded"], terms["model"]) + logs(["BookAdded"], terms["book"]) + entries

    transactions, blocks = {}, {}
    code = {address: w3.eth.get_code(address).to_0x_hex()}
    for entry in entries:
        name = entry["transactionHash"].to_0x_hex()
        if name not in transactions:
            transaction = w3.eth.get_transaction(name)
            transactions[name] = {key: _plain(transaction.get(key)) for key in ("from", "to", "value", "input")}
        decoded = decode(entry)
        numbers = [entry["blockNumber"]] + ([decoded[1]["drawBlock"]] if decoded[0] == "DrawFixed" else [])
        for number in numbers:
            if str(number) not in blocks and number <= newest:
                block = w3.eth.get_block(number)
                blocks[str(number)] = {"hash": block["hash"].to_0x_hex(), "timestamp": block["timestamp"]}
        for account in (decoded[1].get("verifier"), decoded[1].get("pointer")):
            if account is not None:
                code[account] = w3.eth.get_code(account).to_0x_hex()
    keys = ("address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "transactionIndex", "logIndex")
    return {
        "chainId": w3.eth.chain_id,
        "contract": address,
        "game": game,
        "block": newest,
        "logs": [{key: _plain(entry[key]) for key in keys} for entry in entries],
        "transactions": transactions,
        "blocks": blocks,
        "code": code,
    }


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
    names = {"chainId", "contract", "game", "logs", "transactions", "blocks", "code"}
    if not isinstance(record, dict) or names - set(record):
        raise SettingsError(f"--file: {file} is not what --save writes")
    return cast("Record", record)


@functools.cache
def contract_interface() -> Any:
    """The game contract's interface, of no chain: decodes events and calls."""
    return Web3().eth.contract(abi=deploy.abi())


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
