"""The draw of the opening by the beacon and by a block's hash, as the audit replays it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hexbytes import HexBytes

from server.chain import beacon
from server.checks.audit import evidence
from server.checks.audit.evidence import Facts
from server.checks.audit.record import Record
from server.checks.audit.replay import apply
from server.checks.audit.tied import FindingError
from server.settings import ROOT
from tests.server.checks.audit.support import ORIGIN, before, check, newest, problems, record_of
from tests.server.scripted import VERIFIER, ScriptedGame, chain


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    """A game whose opening a round of quicknet drew, on a chain whose clock stands when that round was signed."""
    signed = json.loads((ROOT / "tests" / "vectors" / "beacon.json").read_text())["quicknet"][-1]
    number, signature = int(signed["round"]), HexBytes(signed["signature"])
    due = beacon.GENESIS + (number - 1) * beacon.PERIOD
    folder = tmp_path_factory.mktemp("beacon")
    with chain(folder, chain_id=10, timestamp=due - 3 * 24 * 3600) as url:
        game = ScriptedGame(url, folder, verifier=replace(VERIFIER, insecure=False), created=False)
        game.wait(25 * 3600)
        game.create(lobbyPeriod=3600)
        call = game.game.functions
        game.by(0).send(call.stake(game.number, 0, game.people[0].address), 10**18)
        game.w3.provider.make_request("evm_setNextBlockTimestamp", [due - 61])  # type: ignore[arg-type]
        game.relay.send(call.closeLobby(game.number))
        game.w3.provider.make_request("evm_setNextBlockTimestamp", [due + 1])  # type: ignore[arg-type]
        game.relay.send(call.beginByBeacon(game.number, signature))
        yield game


def test_an_opening_drawn_by_the_beacon(drawn: ScriptedGame) -> None:
    result = check(record_of(drawn, newest(drawn)), anchor=newest(drawn))
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN]


@pytest.mark.parametrize(
    ("name", "field", "value", "complaint"),
    [
        ("RoundFixed", "round", 7, "the draw's round is 7"),
        ("RoundFixed", "deadline", 7, "the beacon has time until 7"),
        ("RoundSigned", "round", 7, "round 7 drew, not"),
        ("RoundSigned", "signature", bytes(128), "the beacon did not sign round"),
        ("Began", "opening", 10**6, "the draw gives opening"),
    ],
)
def test_a_draw_told_otherwise(drawn: ScriptedGame, name: str, field: str, value: Any, complaint: str) -> None:
    facts = evidence.check(record_of(drawn, newest(drawn)))
    place = next(place for place, event in enumerate(facts.events) if event.name == name)
    event = facts.events[place]
    changed = replace(event, args={**event.args, field: value})
    found = problems(facts, (*facts.events[:place], changed, *facts.events[place + 1 :]))
    assert found[0].startswith(complaint)


# ------------------------------------------------------------------------------------------------------ a block's hash


@pytest.fixture(scope="module")
def facts(record: Record) -> Facts:
    return evidence.check(record)


def test_the_blocks_hash_says_which_opening(facts: Facts) -> None:
    state, event, world = before(facts, "Began")
    assert apply(state, event, world).phase in ("vote", "prove")
    other = replace(event, args={**event.args, "opening": event.args["opening"] + 1})
    with pytest.raises(FindingError, match="the draw gives opening"):
        apply(state, other, world)
    with pytest.raises(
        FindingError, match=f"the header of block {state.draw_block}, which drew the opening, is missing"
    ):
        apply(state, event, replace(world, hashes={}))


def test_a_block_cannot_be_chosen_or_drawn_twice(facts: Facts) -> None:
    state, event, world = before(facts, "DrawFixed")
    drawn = apply(state, event, world)
    later = replace(event, args={**event.args, "drawBlock": event.args["drawBlock"] + 1})
    with pytest.raises(FindingError, match="the draw's block is"):
        apply(state, later, world)
    again = replace(event, block=event.block + 1, args={**event.args, "drawBlock": event.args["drawBlock"] + 1})
    with pytest.raises(FindingError, match="drawn again before its hash expired"):
        apply(drawn, again, world)
    with pytest.raises(FindingError, match="a block was to draw what the beacon should"):
        apply(state, event, replace(world, chain_id=10))
