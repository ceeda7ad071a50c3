"""The replay and the final state find a change of any field of any event, and any event that is missing or repeated.

`evidence` lets no such event through. Here it is left out, so that these are the checks that would find a fault of the
contract itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from server.checks.audit import evidence
from server.checks.audit.events import EMITTERS, REGISTRY
from server.checks.audit.evidence import Facts
from server.checks.audit.record import Record
from tests.server.checks.audit.support import problems

SELECTED_BY = ("game", "model", "book")
"""Topics by which events are found; those of other games are never replayed."""


@pytest.fixture(scope="module")
def facts(record: Record) -> Facts:
    return evidence.check(record)


def changes(value: Any) -> list[Any]:
    """Other values of the same type."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1] if value else [1]
    if isinstance(value, bytes):
        return [value[:-1] + bytes([value[-1] ^ 1])] if value else [b"\1"]
    if isinstance(value, str):
        return ["0x" + "12" * 20]
    assert isinstance(value, Mapping)
    return [{**value, field: other} for field, part in value.items() for other in changes(part)]


def test_an_honest_game(facts: Facts) -> None:
    assert problems(facts, facts.events) == []
    assert {event.name for event in facts.events} <= set(EMITTERS)


def test_any_field_of_any_event(facts: Facts) -> None:
    missed, tried = [], 0
    for name in EMITTERS:
        place = next((place for place, event in enumerate(facts.events) if event.name == name), None)
        if place is None:
            continue
        event = facts.events[place]
        for field, value in event.args.items():
            if field in SELECTED_BY:
                continue
            for other in changes(value):
                changed = replace(event, args={**event.args, field: other})
                tried += 1
                if not problems(facts, (*facts.events[:place], changed, *facts.events[place + 1 :])):
                    missed.append(f"{name}.{field} = {other!r} for {value!r}")
    assert missed == [] and tried > 60


@pytest.mark.parametrize("name", ["Began", "BallotsCast", "Moved"])
def test_a_time_far_off(facts: Facts, name: str) -> None:
    """The local demo's lobby has no deadline, and a vote may be closed late: these times bear on deadlines."""
    place = next(place for place, event in enumerate(facts.events) if event.name == name)
    event = facts.events[place]
    late = replace(event, time=event.time + 10**9)
    assert problems(facts, (*facts.events[:place], late, *facts.events[place + 1 :]))


def test_any_event_missing_or_repeated(facts: Facts) -> None:
    for place, event in enumerate(facts.events):
        if event.name in REGISTRY and place > 1:
            continue
        without = (*facts.events[:place], *facts.events[place + 1 :])
        twice = (*facts.events[: place + 1], *facts.events[place:])
        assert problems(facts, without), f"{event.name} is missing"
        if event.name not in REGISTRY:
            assert problems(facts, twice), f"{event.name} is repeated"


@pytest.mark.parametrize("field", ["sender", "value", "function", "arguments"])
def test_any_part_of_a_call(facts: Facts, field: str) -> None:
    """The calls of stakes, ballots, proofs and claims say what the events say."""
    other: dict[str, Any] = {"sender": "0x" + "12" * 20, "value": 7, "function": "begin", "arguments": {}}
    bears = {
        "sender": ("GameCreated", "Staked"),
        "value": ("GameCreated", "Staked"),
        "function": ("BallotsCast",),
        "arguments": ("GameCreated", "Staked", "BallotsCast", "Claimed"),
    }
    for name in bears[field]:
        place = next(place for place, event in enumerate(facts.events) if event.name == name)
        event = facts.events[place]
        assert event.call is not None
        changed = replace(event, call=replace(event.call, **{field: other[field]}))
        assert problems(facts, (*facts.events[:place], changed, *facts.events[place + 1 :])), f"{name}.{field}"
