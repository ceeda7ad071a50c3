from __future__ import annotations

import pytest

from server.chain import node
from server.chain.node import Unreachable, connect, log_ranges


def test_logs_are_asked_for_in_pieces_without_gap_or_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "LOG_RANGE", 3)
    assert list(log_ranges(2, 9)) == [(2, 4), (5, 7), (8, 9)]
    assert list(log_ranges(2, 2)) == [(2, 2)]
    assert list(log_ranges(3, 2)) == []


def test_a_node_that_is_away_is_not_waited_for() -> None:
    with pytest.raises(Unreachable):
        connect("http://127.0.0.1:1").eth.get_block("latest")
