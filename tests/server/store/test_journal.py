from __future__ import annotations

from typing import Any, cast

import pytest
from redis import Redis

from server.store.journal import Entry, Refusal, note
from server.store.names import Names

NAMES = Names(31337, "0x" + "12" * 20)
REFUSAL = Refusal(ply=2, seat=1, move="e2e4", code="full", at=7)


def test_an_entry_comes_back_as_it_was_noted(redis: Redis) -> None:
    with redis.pipeline() as pipe:
        note(pipe, NAMES, "refusal", 3, REFUSAL)
        pipe.execute()
    ((_, fields),) = cast(Any, redis.xrange(NAMES.journal))
    assert Entry.parse(fields) == Entry("refusal", 3, REFUSAL)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "none", "game": "3", "text": "{}"},
        {"kind": "refusal", "game": "", "text": REFUSAL.dump()},
        {"kind": "refusal", "game": "x", "text": REFUSAL.dump()},
        {"kind": "refusal", "game": "3", "text": "{}"},
        {"kind": "refusal", "game": "3", "text": "{"},
        {"kind": "refusal", "game": "3"},
    ],
)
def test_what_is_no_entry_is_a_value_error(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Entry.parse(fields)
