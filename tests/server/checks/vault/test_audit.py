"""An audit of a vault finds each lie. With real proofs: tests/server/checks/simulate/test_vault.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from server.checks.audit.node import Node
from server.checks.vault import evidence
from server.checks.vault.audit import SIZES, audit
from server.checks.vault.evidence import Facts
from server.checks.vault.fetch import fetch
from tests.server.vaults import LocalVault


def believes(words: Sequence[int], proof: bytes) -> bool:
    return True


@pytest.fixture(scope="module")
def facts(kept: LocalVault) -> Facts:
    return evidence.check(fetch([Node(kept.w3)], kept.vault.address, kept.block))


def test_an_honest_vault(kept: LocalVault, facts: Facts) -> None:
    found = audit(facts, kept.network, believes)
    assert found["false"] == [] and found["unchecked"] == []
    assert (found["decisions"], found["proofs"], found["deposits"], found["redemptions"]) == (2, 2, 2, 1)
    assert found["boundaries"] == 39


def test_lies(kept: LocalVault, facts: Facts) -> None:
    def found(told: Facts) -> str:
        return " | ".join(audit(told, kept.network, believes)["false"])

    def lied(kind: str, **changes: Any) -> str:
        """What is found if the last event of a kind says something else."""
        last = next(n for n in reversed(range(len(facts.events))) if facts.events[n].name == kind)
        told = list(facts.events)
        told[last] = replace(told[last], args={**told[last].args, **changes})
        return found(replace(facts, events=tuple(told)))

    decisions = [event for event in facts.events if event.name == "Decided"]
    decided = decisions[-1].args
    assert "obeyed, the network chooses" in lied("Decided", bucket=(decided["bucket"] + 1) % 12)
    assert "there is no bucket 12" in lied("Decided", bucket=12)
    assert "in another hour" in lied("Decided", hour=decided["hour"] + 1)
    assert "decided twice" in lied("Decided", hour=decisions[0].args["hour"])
    assert "was given for" in lied("Decided", base=-(10**20), quote=10**20)
    assert "was due" in lied("Decided", reward=decided["reward"] + 1)
    assert "another hour, bucket or payee" in lied("Decided", payee="0x" + "12" * 20)
    assert "was due" in lied("Deposited", base=1)
    assert "was due" in lied("Redeemed", base=10**19)
    assert "holdings below nothing" in lied("Redeemed", base=10**30)
    assert "shares, the vault's state says" in lied("Redeemed", shares=1)
    for kind in ("Deposited", "Redeemed", "Decided"):
        told = tuple(event for event in facts.events if event.name != kind)
        assert "the vault's state says" in found(replace(facts, events=told))
    assert facts.boundaries is not None
    changed = {**facts.boundaries, decided["hour"] - 1: 10**9}
    assert "obeyed, the network chooses" in found(replace(facts, boundaries=changed))
    del changed[decided["hour"] - 1]
    assert "without all of its boundaries" in found(replace(facts, boundaries=changed))
    denied = audit(facts, kept.network, lambda words, proof: False)["false"]
    assert len(denied) == 2 and all("the proof is not valid" in problem for problem in denied)
    named = replace(facts, terms={**facts.terms, "networkHash": bytes(32)})
    assert "the vault names the network" in found(named)


def test_what_cannot_be_checked_is_listed(kept: LocalVault, facts: Facts) -> None:
    without = replace(facts, boundaries=None, holdings=None, shares=None, decided_hour=None)
    found = audit(without, kept.network, believes)
    assert found["false"] == [] and found["proofs"] == 0 and len(found["unchecked"]) == 3
    through = tuple(replace(event, arguments=None) for event in facts.events)
    found = audit(replace(facts, events=through), kept.network, believes)
    assert found["false"] == [] and found["proofs"] == 0
    assert all("through another contract" in text for text in found["unchecked"]) and len(found["unchecked"]) == 2


@pytest.mark.parametrize("bucket", range(12))
def test_sizes_are_the_contract_s(bucket: int) -> None:
    """As docs/vault.md says: the maximum, a half and a quarter of it, and four buckets that hold."""
    from_edge = min(bucket, 11 - bucket)
    assert SIZES[bucket] == (1000, 500, 250, 250, 0, 0)[from_edge]
