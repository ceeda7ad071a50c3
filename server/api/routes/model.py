"""The network that plays: its passport."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ConfigDict

from server.api.problems import Problem, answers
from server.api.shared import Shared
from server.chain.client import Chain
from server.model.frozen import Frozen
from server.settings import ROOT
from server.store.records import ProverInfo

router = APIRouter(tags=["network"])


class Passport(Frozen):
    """What is known of a network: the chain's entry, and what its makers measured (more fields than are named here)."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)

    model: int
    verifier: str
    """The verifier contract's address."""
    insecure: bool
    """The setup was made from a known seed: anyone can forge proofs."""
    code_hash: str
    network_hash: str
    """SHA-256 of the network's file."""
    name: str | None
    strength: dict[str, Any] | None
    verifying_key_hash: str = ""
    """Of the worker's prover; absent: no worker of this server has this network."""
    k: int = 0
    """The circuit has 2^k rows; absent as well."""


@router.get("/model", responses=answers(404), response_model_exclude_unset=True)
async def model(request: Request, api: Shared, model: Annotated[int, Query(ge=0, lt=1 << 32)] = 0) -> Passport:
    """The passport of a network that plays."""
    api.limit(api.reads, request)
    passport = await run_in_threadpool(_passport, api.chain, model, api.settings.network)
    prover = ProverInfo.load(cast("str | None", await api.redis.get(api.names.prover)))
    if prover is not None and prover.network_hash == passport["networkHash"]:
        passport = {"verifyingKeyHash": prover.verifying_key_hash, "k": prover.k, **passport}
    return Passport.model_validate(passport)


def _passport(chain: Chain, number: int, network: Path) -> dict[str, Any]:
    """What is known of a model: the chain's entry, and its network's passport if it lies beside `network` or here."""
    if not 0 <= number < chain.contract.functions.models().call():
        raise Problem(404, f"there is no model {number}", "model")
    found = chain.contract.functions.model(number).call()
    entry = {
        "model": number,
        "verifier": found.verifier,
        "insecure": found.insecure,
        "codeHash": "0x" + bytes(found.codeHash).hex(),
        "networkHash": "0x" + bytes(found.networkHash).hex(),
    }
    folders = {network.parent, ROOT / "engine" / "networks"}
    for file in sorted(file for folder in folders for file in folder.glob("*.safetensors")):
        if _hash(file, file.stat().st_mtime_ns) == bytes(found.networkHash):
            passport = file.with_suffix(".json")
            known = json.loads(passport.read_text()) if passport.is_file() else {}
            return {"name": file.stem, "strength": None, **known, **entry}
    return {"name": None, "strength": None, **entry}


@functools.lru_cache
def _hash(file: Path, _: int) -> bytes:
    """sha256 of a file. The second argument, its time of change, makes the cache forget an older content."""
    return hashlib.sha256(file.read_bytes()).digest()
