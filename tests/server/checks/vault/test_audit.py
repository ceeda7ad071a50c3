"""An audit of a vault finds each lie. With real proofs: tests/server/checks/simulate/test_vault.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from server.checks.vault import audit as audits
from server.checks.vault.audit import audit
from tests.server.table import Table
from tests.server.vaults import LocalVault


def believes(words: Sequence[int], proof: bytes) -> bool:
    return True


@pytest.fixture
def kept(table: Table) -> LocalVault:
    kept = LocalVault(table)
    keeper = kept.keeper()
    for _ in range(2):
        keeper.record()
        assert keeper.decide() is not None
        kept.pass_hour()
    kept.owner.send(kept.call.deposit(10**18, 10**30, 10**30, kept.owner.address))
    kept.owner.send(kept.call.redeem(5 * 10**17, kept.owner.address))
    return kept


def test_an_honest_vault(kept: LocalVault) -> None:
    found = audit(kept.vault, kept.network, believes, kept.block)
    assert found["false"] == []
    assert (found["decisions"], found["proofs"], found["deposits"], found["redemptions"]) == (2, 2, 2, 1)
    assert found["boundaries"] == 39


def test_lies(kept: LocalVault, monkeypatch: pytest.MonkeyPatch) -> None:
    events = audits._events(kept.vault, kept.block)

    def lied(kind: str, **changes: Any) -> str:
        """What is found if the node's last event of a kind says something else."""
        last = next(n for n in reversed(range(len(events))) if events[n]["event"] == kind)
        told = list(events)
        told[last] = {**told[last], "args": {**told[last]["args"], **changes}}
        monkeypatch.setattr(audits, "_events", lambda vault, start: told)
        return " | ".join(audit(kept.vault, kept.network, believes, 0)["false"])

    decided = next(e["args"] for e in reversed(events) if e["event"] == "Decided")
    assert "obeyed, the network chooses" in lied("Decided", bucket=(decided["bucket"] + 1) % 12)
    assert "in another hour" in lied("Decided", hour=decided["hour"] - 1)
    assert "more than a tenth" in lied("Decided", base=-(10**20), quote=10**20)
    assert "gave too little" in lied("Deposited", base=1)
    assert "took too much" in lied("Redeemed", base=10**19)
    assert "holdings below nothing" in lied("Redeemed", base=10**30)
    assert "not as recorded" in lied("HourRecorded", tickCumulative=5)
    assert "recorded twice" in lied("HourRecorded", hour=decided["hour"] - 1)
    monkeypatch.setattr(audits, "_events", lambda vault, start: [e for e in events if e["event"] != "Redeemed"])
    assert "the vault says" in " ".join(audit(kept.vault, kept.network, believes, 0)["false"])
    monkeypatch.setattr(audits, "_events", lambda vault, start: events)
    denied = audit(kept.vault, kept.network, lambda words, proof: False, 0)["false"]
    assert len(denied) == 2 and all("the proof is not valid" in problem for problem in denied)
    monkeypatch.setattr(kept.vault, "network_hash", bytes(32))
    assert "the vault names the network" in audit(kept.vault, kept.network, believes, 0)["false"][0]
