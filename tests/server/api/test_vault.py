"""What the API tells of a vault, on a real chain."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import httpx
import pytest

from server.chain.vault import NETWORK
from server.processes.vaultbook import VaultBook
from tests.server.api.problem import is_problem
from tests.server.table import Table, serve
from tests.server.vaults import FIRST, LocalVault


@pytest.fixture
def kept(table: Table) -> LocalVault:
    kept = LocalVault(table)
    table.settings = dataclasses.replace(table.settings, vault=kept.vault.address)
    table.indexer.vault = VaultBook(kept.vault.log, table.redis, table.names, kept.vault.address, kept.block)
    return kept


@pytest.fixture
def client(kept: LocalVault) -> Iterator[httpx.Client]:
    with serve(kept.table) as client:
        yield client


def step(kept: LocalVault) -> None:
    while kept.table.indexer.step():
        pass


def test_the_document(kept: LocalVault, client: httpx.Client) -> None:
    is_problem(client.get("/api/v1/vault"), 503)  # the indexer has not read it
    keeper = kept.keeper()
    keeper.record()
    step(kept)
    told = client.get("/api/v1/vault").json()
    hour = kept.vault.hour()
    assert (told["base"], told["quote"], told["shares"]) == (*map(str, FIRST), str(1_000_000 * 10**18))
    assert told["tick"] == kept.market.tick() and told["hourSeconds"] == 3600 and told["decisions"] == []
    views = {view["hour"]: view for view in told["hours"]}
    assert len(views) == 120
    if hour in views:  # the chain's clock may have moved on
        assert views[hour]["bucket"] == kept.chosen(hour)
        assert views[hour - 1]["tick"] == kept.call.meanTick(hour - 1).call()
    assert kept.table.redis.ttl(kept.table.names.vault_visited) > 0  # so the market moves


def test_the_proof_of_a_decision(kept: LocalVault, client: httpx.Client) -> None:
    keeper = kept.keeper()
    keeper.record()
    decision = keeper.decide()
    assert decision is not None
    step(kept)
    hour = decision.hour
    proof = client.get(f"/api/v1/vault/decisions/{hour}").json()
    words = [int(word, 16) for word in proof["words"]]
    assert words[4:15] == kept.call.inputWords(hour).call()
    assert words[15] == kept.call.context(hour, keeper.payee).call() == int(proof["context"], 16)
    assert proof["features"] == kept.call.features(hour).call() and proof["bucket"] == decision.bucket
    assert proof["verifier"] == kept.call.verifier().call() and proof["gas"] == decision.gas
    assert int(proof["base"]) == decision.base and proof["seconds"] is None
    assert client.get("/api/v1/vault").json()["decisions"][0]["hour"] == hour
    is_problem(client.get(f"/api/v1/vault/decisions/{hour + 1}"), 404)
    is_problem(client.get("/api/v1/vault/decisions/-1"), 422)


def test_contract_and_network(kept: LocalVault, client: httpx.Client) -> None:
    told = client.get("/api/v1/vault/contract").json()
    assert told["address"] == kept.vault.address and told["base"]["symbol"] == "WETH"
    assert told["quote"] == {"address": kept.vault.quote, "symbol": "USDC", "decimals": 18}
    assert told["poolFee"] == 500 and told["hourSeconds"] == 3600 and told["localTokens"] is True
    assert told["networkHash"] == "0x" + kept.network.hash.hex()
    assert any(entry.get("name") == "decide" for entry in told["abi"])
    passport = client.get("/api/v1/vault/network").json()
    assert passport == json.loads(NETWORK.with_suffix(".json").read_text())
    assert client.get("/api/v1/config").json()["vault"] == kept.vault.address
