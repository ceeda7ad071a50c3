"""A crowd votes while things break."""

from __future__ import annotations

import pytest

from bench.chaos import chaos


@pytest.mark.slow
def test_no_acknowledged_ballot_is_lost_while_things_break(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"VOTE": 25, "MARGIN": 10, "MAX_PLY": 2}.items():
        monkeypatch.setattr(f"bench.chaos.{name}", value)
    result = chaos(seed=7, minutes=0.8, wallets=20)
    print(result)
    assert result["games"] > 1, "the first one ended, and the next began"
    assert result["acknowledged"] > 0 and result["faults"]
    assert result["lost"] == 0
