"""The command `proofmate audit vault`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from engine.dense import Network
from engine.rockefeller.hours import FEATURES
from server.chain import deploy, proving
from server.chain.vault import NETWORK, Vault, check_verifier
from server.checks.vault.audit import audit
from server.settings import Environment, SettingsError


def run(urls: Sequence[str], contract: str | None, network: Path | None, as_json: bool) -> int:
    """Audits a vault and prints what was found. 0: everything agrees; 1: something is false. Raises SettingsError.

    The first URL's node is trusted for the chain's contents: blocks, logs and state.
    """
    from engine.prover import Prover

    if contract is None:
        raise SettingsError("--contract: missing; the vault's address")
    w3, address, _ = deploy.locate(urls[0] if urls else None, contract)
    env = Environment.read(chain_id=w3.eth.chain_id)
    try:
        file = Network.load(network or NETWORK, FEATURES)
    except (OSError, ValueError) as error:
        raise SettingsError(f"--network: {error}") from None
    vault = Vault(w3, address)
    prover = Prover(file, proving.setup_of(env), env.cache_dir / "prover")
    found = audit(vault, file, prover.verify, env.start_block or 0)
    try:
        check_verifier(vault, prover, env.cache_dir)
    except SettingsError as error:
        found["false"].append(str(error))
    found["trusted"] = "the node, for what stands on the chain"
    if as_json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{key}: {value}" for key, value in found.items() if key != "false"))
        print("\n".join(f"FALSE: {problem}" for problem in found["false"]) or "everything agrees")
    return 1 if found["false"] else 0
