from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from server.model.frozen import Frozen, Wei


class Note(Frozen):
    world_pool: Wei
    seen_at: int = 3


def test_json_is_camel_case_and_amounts_are_text() -> None:
    note = Note(world_pool=2**80)
    assert json.loads(note.dump()) == {"worldPool": str(2**80), "seenAt": 3}
    assert Note.load(note.dump()) == note
    assert Note.load(None) is None


def test_a_record_cannot_be_changed_and_bad_text_is_refused() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Note(world_pool=1).world_pool = 2  # type: ignore[misc]
    for text in ("", "{}", '{"worldPool": "1.5"}', '{"worldPool": "x"}'):
        with pytest.raises(ValidationError):
            Note.load(text)


def test_what_has_a_default_is_in_every_answers_schema() -> None:
    schema = Note.model_json_schema(mode="serialization")
    assert set(schema["required"]) == {"worldPool", "seenAt"}
    assert schema["properties"]["worldPool"]["type"] == "string"
