"""Blocks far from the anchor are tied to it by hashes in the state (EIP-2935), or header by header."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from server.checks.audit import reader
from server.checks.audit.fetch import fetch
from server.checks.audit.node import Node, NodeError
from tests.server.checks.audit.support import ORIGIN, check, newest, record_of
from tests.server.checks.audit.test_evidence import flip
from tests.server.scripted import ScriptedGame, chain

FAR = 150
"""Blocks since the game's last event."""


@pytest.fixture(autouse=True)
def short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step reaches 100 blocks back, not 8,191, so that the test need not make as many."""
    monkeypatch.setattr(reader, "REACH", 100)
    monkeypatch.setattr(reader, "WALK", 20)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    """A game whose beginning is far back."""
    folder = tmp_path_factory.mktemp("old")
    with chain(folder) as url:
        game = ScriptedGame(url, folder, maxPly=1)
        game.begin()
        game.w3.provider.make_request("anvil_mine", [hex(FAR)])  # type: ignore[arg-type]
        yield game


def test_two_jumps_instead_of_thousands_of_headers(old: ScriptedGame) -> None:
    record = record_of(old, newest(old))
    assert len(record["history"]) == 2 and len(record["headers"]) < FAR
    assert check(record, anchor=newest(old))["unchecked"] == [ORIGIN]


def test_a_node_without_old_states(old: ScriptedGame) -> None:
    class Pruned(Node):
        def ask(self, method: str, *params: Any) -> Any:
            if method == "eth_getProof" and int(params[2], 16) < self.w3.eth.block_number:
                raise NodeError("missing trie node")
            return super().ask(method, *params)

    record = fetch([Pruned(old.w3)], old.game.address, old.number, old.deployment.block, newest(old))
    assert len(record["history"]) == 1 and len(record["headers"]) > 60
    assert check(record, anchor=newest(old))["unchecked"] == [ORIGIN]


def test_too_far_to_walk(old: ScriptedGame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_HEADERS", 100)
    monkeypatch.setattr(reader, "WALK", 10 * FAR)
    result = check(record_of(old, newest(old)), anchor=newest(old))
    assert result["problems"] == [] and result["exitCode"] == 2
    assert any("over 100" in text for text in result["unchecked"])
    assert any("no headers between" in text for text in result["unchecked"])


@pytest.mark.parametrize("what", ["account", "storage", "order", "header"])
def test_a_history_that_was_changed(old: ScriptedGame, what: str) -> None:
    record = copy.deepcopy(record_of(old, newest(old)))
    first = record["history"][0]
    if what == "account":
        first["account"][-1] = flip(first["account"][-1], -1)
    elif what == "storage":
        number = min(first["storage"], key=int)
        first["storage"][number][-1] = flip(first["storage"][number][-1], -1)
    elif what == "order":
        record["history"].reverse()
    else:
        number = str(min(map(int, record["headers"])))
        record["headers"][number] = flip(record["headers"][number], 40)
    result = check(record, anchor=newest(old))
    assert result["exitCode"] == 1 and len(result["problems"]) == 1
