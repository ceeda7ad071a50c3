from __future__ import annotations

import hashlib
import json

from server.store.records import ProverInfo
from tests.server.api.problem import is_problem
from tests.server.table import OWNER, PROOF, Table, serve


def registered(table: Table, content: bytes) -> int:
    """A new model whose network is a file of this content; its number."""
    known = table.call.model(0).call()
    digest = hashlib.sha256(content).digest()
    table.rpc("anvil_setStorageAt", known.verifier, "0x0", "0x" + f"{0:064x}")  # it refuses all but the sample
    table.send(OWNER, table.call.addModel(known.verifier, True, digest, bytes(31 * 32) + PROOF))
    return int(table.call.models().call()) - 1


def test_a_network_that_nobody_here_has(table: Table) -> None:
    with serve(table) as client:
        model = client.get("/api/model").json()
        assert (model["model"], model["name"], model["strength"]) == (0, None, None)
        assert model["networkHash"] == "0x" + "11" * 32 and model["insecure"] is True
        assert model["verifier"] == table.call.model(0).call().verifier
        is_problem(client.get("/api/model", params={"model": 99}), 404)
        for nonsense in ("-1", "x", str(1 << 32)):
            is_problem(client.get("/api/model", params={"model": nonsense}), 422)


def test_a_network_beside_ours_is_named_and_shows_its_passport(table: Table) -> None:
    folder = table.settings.network.parent
    number = registered(table, b"a network")
    (folder / "fine.safetensors").write_bytes(b"a network")
    with serve(table) as client:
        model = client.get("/api/model", params={"model": number}).json()
        assert (model["name"], model["strength"]) == ("fine", None)
        passport = {"strength": {"elo": 1200}, "networkHash": "a lie", "verifier": "a lie"}
        (folder / "fine.json").write_text(json.dumps(passport))
        model = client.get("/api/model", params={"model": number}).json()
        assert model["strength"] == {"elo": 1200}
        assert model["networkHash"].startswith("0x") and model["verifier"] != "a lie", "the chain's word counts"
        (folder / "fine.safetensors").write_bytes(b"another network")
        assert client.get("/api/model", params={"model": number}).json()["name"] is None


def test_what_the_worker_knows_of_its_keys_is_shown_for_its_network_alone(table: Table) -> None:
    number = registered(table, b"proven here")
    digest = "0x" + hashlib.sha256(b"proven here").hexdigest()
    info = ProverInfo(network_hash=digest, verifying_key_hash="0x" + "22" * 32, k=15, insecure=True)
    table.redis.set(table.names.prover, info.dump())
    with serve(table) as client:
        ours = client.get("/api/model", params={"model": number}).json()
        assert (ours["verifyingKeyHash"], ours["k"]) == ("0x" + "22" * 32, 15)
        assert "verifyingKeyHash" not in client.get("/api/model").json()
