"""Stakes that are withdrawn, large late stakes and claimers, as the audit replays them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from server.checks.audit import evidence
from server.checks.audit import lobby as audited_lobby
from server.settings import ROOT
from tests.server.checks.audit.support import ORIGIN, audited, check, problems, record_of
from tests.server.scripted import ScriptedGame

LOBBY = 400
"""Seconds; the final window is a quarter of it."""
NOBODY = "0x" + "00" * 20


@pytest.fixture(scope="module")
def lobby(game: ScriptedGame) -> Iterator[ScriptedGame]:
    """Two of three leave, one of them comes back on the other side, and late stakes extend the lobby."""
    game.create(lobbyPeriod=LOBBY, maxPly=2)
    call, number = game.game.functions, game.number
    for person in range(3):
        game.by(person).send(call.stake(number, 0, game.people[person].address), 10**18)
    for person in (1, 2):
        game.by(person).send(call.withdraw(number))
    game.by(1).send(call.stake(number, 1, NOBODY), 10**18)
    game.by(2).send(call.stake(number, 0, game.people[3].address), 2 * 10**18)
    game.wait(LOBBY * 4 // 5)
    game.by(3).send(call.stake(number, 0, game.people[3].address), 10**18)
    game.wait(LOBBY)
    game.relay.send(call.closeLobby(number))
    yield game


def test_a_lobby_that_people_left(lobby: ScriptedGame) -> None:
    result = audited(lobby)
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN]
    assert result["staked"] == str(5 * 10**18)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("Withdrawn", "account", "0x" + "12" * 20),
        ("Withdrawn", "amount", 7),
        ("Withdrawn", "side", 1),
        ("Withdrawn", "seat", 0),
        ("LobbyExtended", "deadline", 7),
        ("Staked", "seat", 7),
    ],
)
def test_a_lobby_told_otherwise(lobby: ScriptedGame, name: str, field: str, value: Any) -> None:
    facts = evidence.check(record_of(lobby))
    place = next(place for place, event in enumerate(facts.events) if event.name == name)
    event = facts.events[place]
    changed = replace(event, args={**event.args, field: value})
    assert problems(facts, (*facts.events[:place], changed, *facts.events[place + 1 :]))
    assert problems(facts, (*facts.events[:place], *facts.events[place + 1 :])), "left out"


def test_a_stake_withdrawn_too_late(lobby: ScriptedGame) -> None:
    facts = evidence.check(record_of(lobby))
    place = next(place for place, event in enumerate(facts.events) if event.name == "Withdrawn")
    late = replace(facts.events[place], time=facts.events[place].time + LOBBY * 4 // 5)
    found = problems(facts, (*facts.events[:place], late, *facts.events[place + 1 :]))
    assert "withdrew in the lobby's final window" in found[0]


def test_claimers(game: ScriptedGame) -> None:
    game.create(lobbyPeriod=LOBBY)
    call, number, staker = game.game.functions, game.number, game.people[3].address
    game.by(3).send(call.stake(number, 1, NOBODY), 10**18)
    game.wait(2 * LOBBY)
    game.relay.send(call.closeLobby(number))
    game.by(3).send(call.chooseClaimer(game.relay.address))
    game.relay.send(call.claim(number, staker))
    facts = evidence.check(record_of(game))
    assert check(record_of(game))["problems"] == []
    stranger = tuple(event for event in facts.events if event.name != "ClaimerChosen")
    assert f"{game.relay.address} claimed for {staker}, which did not choose it" in problems(facts, stranger)


def test_the_bounds_are_the_contracts() -> None:
    """The audit trusts nothing and so has the lobby's bounds of its own. A change of the contract's must reach them."""
    source = (ROOT / "contracts" / "src" / "Game.sol").read_text()
    registry = (ROOT / "contracts" / "src" / "Registry.sol").read_text()
    for text, name, value in [
        (source, "MAX_WINDOW = 1 hours", audited_lobby.MAX_WINDOW == 3600),
        (source, "LARGE = 10", audited_lobby.LARGE == 10),
        (source, "MAX_EXTENSIONS = 4", audited_lobby.MAX_EXTENSIONS == 4),
        (source, "uint256 quarter = _terms[game].lobbyPeriod / 4;", True),
        (source, "record.deadline = uint40(block.timestamp + 2 * window);", True),
        (registry, "NOTICE = 1 days", audited_lobby.NOTICE == 24 * 3600),
    ]:
        assert text.count(name) == 1 and value, name
