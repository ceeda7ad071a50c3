"""The command `proofmate audit vault`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from web3.exceptions import Web3Exception

from engine.dense import Network
from engine.rockefeller.hours import FEATURES
from server.chain import deploy, proving
from server.chain.contracts import check_verifier_code
from server.chain.vault import NETWORK
from server.checks.audit.command import block_hash, trust
from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import DisagreementError
from server.checks.audit.report import exit_code
from server.checks.audit.tied import FindingError
from server.checks.audit.verifying import canonical
from server.checks.vault import evidence
from server.checks.vault.audit import audit
from server.checks.vault.fetch import fetch
from server.settings import Environment, SettingsError


def run(
    urls: Sequence[str], contract: str | None, network: Path | None, block: str | None = None, as_json: bool = False
) -> int:
    """Audits a vault and prints what was found. Returns the exit code, as of a game's audit. Raises SettingsError."""
    if contract is None:
        raise SettingsError("--contract: missing; the vault's address")
    block = block_hash(block)
    found: dict[str, Any] = {"trusted": trust(block, len(urls), None)}
    try:
        found |= _audited(urls, contract, network, block)
    except (DisagreementError, FindingError) as error:
        found |= {"false": [str(error)], "unchecked": []}
    except (NodeError, Web3Exception, OSError) as error:
        found |= {"false": [], "unchecked": [f"the chain does not answer as it should: {error}"]}
    found["exitCode"] = exit_code(found["unchecked"], found["false"])
    print(json.dumps(found) if as_json else _text(found))
    return int(found["exitCode"])


def _audited(urls: Sequence[str], contract: str, network: Path | None, block: str | None) -> dict[str, Any]:
    from engine.prover import Prover

    w3, address, _ = deploy.locate(urls[0] if urls else None, contract)
    env = Environment.read(chain_id=w3.eth.chain_id)
    try:
        file = Network.load(network or NETWORK, FEATURES)
    except (OSError, ValueError) as error:
        raise SettingsError(f"--network: {error}") from None
    start = env.vault_block if env.vault_block is not None else env.start_block or 0
    facts = evidence.check(fetch([Node(w3), *map(Node, urls[1:])], address, start, block, show=True), block)
    prover = Prover(file, proving.setup_of(env), env.cache_dir / "prover")
    found = audit(facts, file, lambda words, proof: prover.verify(words, canonical(proof)))
    source = prover.verifier_source()
    try:
        check_verifier_code(facts.terms["verifier"], facts.verifier_code, source, env.cache_dir, "deployer")
    except SettingsError as error:
        found["false"].append(str(error))
    return {**found, "block": facts.anchor.number, "blockHash": "0x" + facts.anchor.hash.hex()}


def _text(found: dict[str, Any]) -> str:
    lines = [f"TRUSTED: {found['trusted']}"] if found["trusted"] else []
    lines += [
        f"{key}: {value}" for key, value in found.items() if key not in ("false", "unchecked", "trusted", "exitCode")
    ]
    lines += [f"unchecked: {text}" for text in found["unchecked"]]
    lines += [f"FALSE: {text}" for text in found["false"]]
    verdicts = ("everything agrees", "the vault did NOT do as its network says", "everything that was checked agrees")
    return "\n".join([*lines, verdicts[found["exitCode"]]])
