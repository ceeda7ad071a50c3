from __future__ import annotations

from dataclasses import replace

import pytest

from server.checks.audit import evidence, report
from server.checks.audit.evidence import Facts
from server.checks.audit.game import Origin, World
from server.checks.audit.record import Record
from tests.server.checks.audit.support import world_of


@pytest.fixture(scope="module")
def facts(record: Record) -> Facts:
    return evidence.check(record)


@pytest.fixture(scope="module")
def world(facts: Facts) -> World:
    """The game's world, with its verifier made again."""
    model = next(event.args for event in facts.events if event.name == "ModelAdded")
    network_hash = "0x" + bytes(model["networkHash"]).hex()
    return replace(world_of(facts), origin=Origin(network_hash, model["insecure"], facts.code[model["verifier"]]))


def test_a_game_that_agrees(facts: Facts, world: World) -> None:
    result = report.audited(replace(facts, unchecked=()), world, None)
    assert (result["ok"], result["exitCode"], result["problems"], result["unchecked"]) == (True, report.AGREES, [], [])
    assert all(result[name] > 0 for name in ("stakes", "ballots", "votes", "proofs", "claims"))
    assert int(result["staked"]) + int(result["pot"]) > 0 and result["owed"] == "0", "everybody was paid"
    text = report.text(result).splitlines()
    assert text[-1] == "everything agrees" and not any("WRONG" in line or "TRUSTED" in line for line in text)
    assert any(line.startswith(f"  {result['ballots']} ballots: each signed") for line in text)


def test_what_was_trusted_comes_first_and_what_was_not_checked_is_never_left_out(facts: Facts, world: World) -> None:
    result = report.audited(replace(facts, unchecked=("the weather",)), world, "the node, for everything")
    assert (result["ok"], result["exitCode"]) == (False, report.UNCHECKED)
    text = report.text(result).splitlines()
    assert text[0] == "TRUSTED: the node, for everything"
    assert text[-2:] == ["  unchecked: the weather", "everything that was checked agrees"]


def test_something_false_outweighs_something_unchecked(facts: Facts) -> None:
    missing = replace(facts, unchecked=("the weather",), events=facts.events[:-1])
    result = report.audited(missing, world_of(facts), None)
    assert result["exitCode"] == report.FALSE and result["problems"]
    text = report.text(result)
    assert "  WRONG: " in text and text.endswith("the game is NOT as the rules say")


def test_a_chain_that_nobody_described_is_said(facts: Facts) -> None:
    foreign = replace(facts, chain_id=987654)
    assert any("chain 987654" in line for line in report.audited(foreign, world_of(foreign), None)["unchecked"])


def test_an_audit_that_ended_early_says_why() -> None:
    refused = report.refused({"game": 3, "chainId": 1}, None, "a header contradicts the anchor")
    assert (refused["exitCode"], refused["game"], refused["contract"]) == (report.FALSE, 3, None)
    assert report.text(refused).splitlines()[0] == "  WRONG: a header contradicts the anchor"
    silent = report.unanswered(3, None, "the node is away")
    assert silent["exitCode"] == report.UNCHECKED
    assert report.text(silent) == "  unchecked: the node is away\neverything that was checked agrees"
