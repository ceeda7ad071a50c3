"""The record: everything that an audit reads, as JSON, with its proofs. `evidence` checks them.

version      of this form
chainId, contract, game
anchor       hash of the newest block: what everything else is tied to
headers      by number, RLP: of all blocks that matter, and of those that tie them to the anchor
history      what ties blocks to a later one by its state (EIP-2935): block, proof of the account, proofs by number
transactions those that emitted the game's logs: block, index, and as RLP with their proofs `transaction` and
             `receipt` (proof null: the block has a transaction whose form is unknown); `calls`: what a node's
             trace says of calls within, by position in the receipt
creation     of the contract: block, index and transaction likewise; null if it was not found
accounts     code and proof against the anchor's state root, by address
storage      of the contract: proofs by slot; null if the node makes none
missing      what the node did not tell, in words
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast

from server.settings import SettingsError

Record = dict[str, Any]

VERSION = 3
FIELDS = (
    *("version", "chainId", "contract", "game", "anchor", "headers", "history", "transactions", "creation"),
    *("accounts", "storage", "missing"),
)


def write(record: Record, file: Path) -> None:
    """Keeps a record in a file. Raises SettingsError if it cannot be written."""
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
    if not isinstance(record, dict) or set(FIELDS) - set(record):
        raise SettingsError(f"--file: {file} is not what --save writes")
    if record["version"] != VERSION:
        raise SettingsError(f"--file: {file} is of version {record['version']}, not {VERSION}: --save writes it again")
    return cast("Record", record)
