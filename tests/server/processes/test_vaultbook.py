"""The indexer's document of a vault: from events, through reorganisations, from the first if it comes late."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.model.vault import BOUNDARIES
from server.processes.vaultbook import VaultBook
from tests.server.table import Table
from tests.server.vaults import FIRST, LocalVault


@pytest.fixture
def kept(table: Table) -> LocalVault:
    return LocalVault(table)


def follow(kept: LocalVault) -> VaultBook:
    table, vault = kept.table, kept.vault
    book = VaultBook(vault.log, table.redis, table.names, vault.address, kept.block)
    table.indexer.vault = book
    return book


def step(table: Table) -> None:
    while table.indexer.step():
        pass


def document(kept: LocalVault) -> dict[str, Any]:
    stored = kept.table.redis.get(kept.table.names.vault(kept.vault.address))
    return json.loads(stored) if stored else {}


def agrees(kept: LocalVault) -> bool:
    """Whether the document says what the contract says."""
    told = document(kept)
    held = [int(told["base"]), int(told["quote"])]
    return held == list(kept.call.holdings().call()) and int(told["shares"]) == kept.call.totalSupply().call()


def test_it_follows_deposits_hours_and_decisions(kept: LocalVault) -> None:
    follow(kept)
    step(kept.table)
    told = document(kept)
    assert (told["base"], told["quote"]) == tuple(map(str, FIRST)) and told["deposits"] == 1
    keeper = kept.keeper()
    keeper.record()
    decision = keeper.decide()
    assert decision is not None
    kept.owner.send(kept.call.redeem(10**18, kept.owner.address))
    step(kept.table)
    told = document(kept)
    assert len(told["boundaries"]) == BOUNDARIES and told["redemptions"] == 1 and agrees(kept)
    last = told["decisions"][-1]
    assert (last["hour"], last["bucket"], last["gas"]) == (decision.hour, decision.bucket, decision.gas)
    assert int(last["base"]) == decision.base and last["tx"].startswith("0x")


def test_a_reorganisation_takes_back_what_it_took(kept: LocalVault) -> None:
    table = kept.table
    follow(kept)
    keeper = kept.keeper()
    keeper.record()
    step(table)
    before = document(kept)
    snapshot = table.rpc("evm_snapshot")
    assert keeper.decide() is not None
    kept.owner.send(kept.call.redeem(10**18, kept.owner.address))
    step(table)
    assert document(kept)["decided"] == 1
    table.rpc("evm_revert", snapshot)
    table.mine(3)
    step(table)
    step(table)
    assert document(kept) == before and agrees(kept)


def test_a_vault_that_is_shown_later_is_read_from_its_first_block(kept: LocalVault) -> None:
    step(kept.table)  # the cursor is beyond it
    assert document(kept) == {}
    kept.table.mine()
    follow(kept)
    step(kept.table)
    assert document(kept)["deposits"] == 1 and agrees(kept)


def test_a_document_of_another_shape_is_made_again(kept: LocalVault) -> None:
    table = kept.table
    follow(kept)
    step(table)
    cursor = json.loads(str(table.redis.get(table.names.cursor)))
    table.redis.set(table.names.cursor, json.dumps(["old", cursor[1]]))
    table.redis.set(table.names.vault(kept.vault.address), '{"address": "old"}')
    table.indexer.cursor = None
    table.mine()
    step(table)
    assert document(kept)["deposits"] == 1 and agrees(kept)
