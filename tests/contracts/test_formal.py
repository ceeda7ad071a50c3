"""The proof that no call leads out of Over, on the contracts and on ones in which a call does."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest

from server.settings import ROOT

sys.path.insert(0, str(ROOT / "contracts" / "formal"))
import states

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trees() -> dict[str, Any]:
    return states.syntax_trees(states.sources())


def function(trees: dict[str, Any], name: str) -> Any:
    nodes = states.walk(trees["src/Game.sol"])
    return next(node for node in nodes if node["nodeType"] == "FunctionDefinition" and node["name"] == name)


def test_no_call_leads_out_of_over(trees: dict[str, Any]) -> None:
    found = states.judge(states.sources(), trees)
    assert found[-1] == "no call leads out of Over"
    assert {line.split()[0] for line in found[:-1]} == {
        *("begin", "beginByBeacon", "closeLobby", "closeVote", "submitMove", "voidGame")
    }


def test_calls_that_do_are_found(trees: dict[str, Any]) -> None:
    asks_for_over = copy.deepcopy(trees)
    call = function(asks_for_over, "voidGame")["body"]["statements"][0]["initialValue"]
    call["arguments"][1]["memberName"] = "Over"
    writes = copy.deepcopy(trees)
    statement = function(writes, "chooseClaimer")["body"]["statements"][0]
    statement["expression"]["leftHandSide"]["typeDescriptions"]["typeString"] = "enum IGame.State"
    again = copy.deepcopy(trees)
    for node in states.walk(function(again, "createGame")):
        if node["nodeType"] == "UnaryOperation" and node["operator"] == "++":
            node["operator"] = "--"
    for broken, reason in [
        (asks_for_over, "voidGame writes the state"),
        (writes, "the state is written in"),
        (again, "games is written elsewhere"),
    ]:
        with pytest.raises(states.UnprovenError, match=reason):
            states.judge(states.sources(), broken)
