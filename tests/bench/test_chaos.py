"""A crowd votes while things break."""

from __future__ import annotations

import pytest

from bench.chaos import chaos


@pytest.mark.slow
def test_no_acknowledged_ballot_is_lost_while_things_break() -> None:
    result = chaos(seed=7, minutes=0.7, wallets=20)
    print(result)
    assert result["acknowledged"] > 0 and result["faults"]
    assert result["lost"] == 0
