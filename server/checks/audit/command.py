"""The command `proofmate audit`: its options, and what it takes on trust."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from web3.exceptions import Web3Exception

from server.chain import deploy
from server.checks.audit import evidence, fetch, record, report, verifying
from server.checks.audit.game import Judge, Origin, World
from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import DisagreementError
from server.checks.audit.record import Record
from server.checks.audit.tied import FindingError
from server.settings import SettingsError


def run(
    game: int,
    urls: Sequence[str] = (),
    contract: str | None = None,
    network: Path | None = None,
    block: str | None = None,
    file: Path | None = None,
    save: Path | None = None,
    as_json: bool = False,
) -> int:
    """Audits a game and prints the report. Returns the exit code: see `report`. Raises SettingsError."""
    block = block_hash(block)
    trusted = trust(block, len(urls), file)
    try:
        read = _read(game, urls, contract, block, file)
        if save is not None and file is None:
            record.write(read, save)
        result = check(read, network=network, anchor=block, trusted=trusted)
    except DisagreementError as error:
        result = report.refused({"game": game}, trusted, str(error))
    except (NodeError, Web3Exception, OSError) as error:
        result = report.unanswered(game, trusted, f"the chain does not answer as it should: {error}")
    print(json.dumps(result) if as_json else report.text(result))
    return int(result["exitCode"])


def check(
    read: Record,
    network: Path | None = None,
    anchor: str | None = None,
    trusted: str | None = None,
    judge: tuple[Judge, Origin | None] | None = None,
) -> dict[str, Any]:
    """Audits a record and returns the report's document; what is false is in `problems`.

    `anchor` is a block hash from elsewhere. `judge` replaces the verifier that is made from the network. Raises
    SettingsError for a network that cannot be used.
    """
    try:
        facts = evidence.check(read, anchor)
    except FindingError as finding:
        return report.refused(read, trusted, str(finding))
    if judge is not None:
        return report.audited(facts, _world(facts, *judge), trusted)
    with verifying.judge(facts, network) as made:
        return report.audited(facts, _world(facts, *made), trusted)


def trust(block: str | None, nodes: int, file: Path | None) -> str | None:
    """What the audit takes on trust; None if the block's hash comes from the user."""
    if block is not None:
        return None
    if file is not None:
        return (
            f"{file}, for the hash of the newest block, and so for all that hangs on it: nothing shows that this block "
            "is of the chain. --block HASH checks it against a hash from a source of your choice"
        )
    if nodes > 1:
        return f"{nodes} nodes that agree, for the hash of the newest block; a lie would need all of them"
    return (
        "the node, for the hash of the newest block, and so for all that hangs on it: what it says is consistent, but "
        "nothing shows that it is the chain's. Give --block HASH, from a source of your choice, or --rpc twice"
    )


def _read(game: int, urls: Sequence[str], contract: str | None, block: str | None, file: Path | None) -> Record:
    if file is not None:
        read = record.read(file)
        if read["game"] != game:
            raise SettingsError(f"--file: {file} is game {read['game']}, not {game}")
        return read
    w3, address, start = deploy.locate(urls[0] if urls else None, contract)
    nodes = [Node(w3), *(Node(url) for url in urls[1:])]
    return fetch.fetch(nodes, address, game, start, block, show=True)


def block_hash(block: str | None) -> str | None:
    """The option --block. Raises SettingsError for what is no hash."""
    if block is None:
        return None
    digits = block.lower().removeprefix("0x")
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise SettingsError(f"--block: {block!r} is no block hash (0x and 64 hex digits)")
    return "0x" + digits


def _world(facts: evidence.Facts, judge: Judge, origin: Origin | None) -> World:
    return World(facts.chain_id, facts.contract, facts.game, judge, facts.code, facts.hashes, origin)
