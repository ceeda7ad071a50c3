"""Nothing in a vault's record is believed for its own sake."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from server.chain.contracts import artifact
from server.checks.audit.record import Record
from server.checks.audit.tied import FindingError
from server.checks.vault import evidence
from tests.server.checks.audit.test_evidence import flip
from tests.server.vaults import FIRST, LocalVault


def test_facts_are_the_contract_s(kept: LocalVault, record: Record) -> None:
    facts = evidence.check(record, kept.w3.eth.get_block("latest")["hash"].to_0x_hex())
    assert facts.unchecked == ()
    assert facts.holdings == tuple(kept.call.holdings().call())
    assert facts.shares == kept.call.totalSupply().call()
    assert facts.decided_hour == kept.call.decidedHour().call()
    assert facts.boundaries == kept.vault.boundaries(sorted(facts.boundaries or ()))
    assert facts.seconds == kept.vault.seconds == evidence.kinds(1)["Rockefeller"]
    assert facts.base_is_token0 == kept.vault.base_is_token0
    for name in ("verifier", "networkHash", "rewardBasisPoints", "rewardCap", "base", "quote", "factory"):
        assert str(facts.terms[name]).lower() == str(kept.call[name]().call()).lower()
    assert facts.verifier_code == bytes(kept.w3.eth.get_code(kept.call.verifier().call()))
    assert [event.name for event in facts.events] == ["Deposited", "Decided", "Decided", "Deposited", "Redeemed"]
    assert (facts.events[0].args["base"], facts.events[0].args["quote"]) == FIRST


def header(record: Record) -> None:
    record["headers"][min(record["headers"], key=int)] = flip(record["headers"][min(record["headers"], key=int)], 40)


def receipt(record: Record) -> None:
    part = record["transactions"][-1]["receipt"]
    part["raw"] = flip(part["raw"], -1)


def proof_bytes(record: Record) -> None:
    part = max(record["transactions"], key=lambda entry: len(entry["transaction"]["raw"]))["transaction"]
    part["raw"] = flip(part["raw"], -90)


def holdings(record: Record) -> None:
    slot = max(record["storage"])
    record["storage"][slot][-1] = flip(record["storage"][slot][-1], -1)


def verifier(record: Record) -> None:
    part = next(part for address, part in record["accounts"].items() if address != record["contract"])
    part["code"] = "0x00"


def own_code(record: Record) -> None:
    part = record["accounts"][record["contract"]]
    part["code"] = flip(part["code"], 100)


def terms(record: Record) -> None:
    part = record["creation"]["transaction"]
    part["raw"] = flip(part["raw"], -200)


def another_creation(record: Record) -> None:
    record["creation"] = {key: record["transactions"][0][key] for key in ("block", "index", "transaction")}


def no_creation(record: Record) -> None:
    record["creation"] = None


def another_vault(record: Record) -> None:
    record["contract"] = next(address for address in record["accounts"] if address != record["contract"])


def order(record: Record) -> None:
    record["transactions"].reverse()


def no_hour(record: Record) -> None:
    record["storage"] = dict(list(record["storage"].items())[:1])


@pytest.mark.parametrize(
    "change",
    [
        *(header, receipt, proof_bytes, holdings, verifier, own_code, terms, another_creation, no_creation),
        *(another_vault, order, no_hour),
    ],
)
def test_a_change_is_found(record: Record, change: Callable[[Record], None]) -> None:
    changed = copy.deepcopy(record)
    change(changed)
    with pytest.raises(FindingError):
        evidence.check(changed)


def test_another_block_s_hash(record: Record) -> None:
    with pytest.raises(FindingError, match="no header has the hash"):
        evidence.check(record, "0x" + "12" * 32)


def test_short_hours_are_of_local_chains_alone() -> None:
    assert evidence.kinds(31337).keys() == {"Rockefeller", "LocalRockefeller"}
    assert evidence.kinds(1).keys() == {"Rockefeller"}


def test_layouts_are_the_same() -> None:
    """A local vault is read by the layout of the other."""
    places: list[Any] = [
        [(entry["label"], entry["slot"], entry["offset"]) for entry in artifact(kind)["storageLayout"]["storage"]]
        for kind in evidence.kinds(31337)
    ]
    assert places[0] == places[1]
