"""The base of all that is kept or answered as JSON."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

Wei = Annotated[
    int,
    BeforeValidator(int),
    PlainSerializer(str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+$", "description": "wei"}),
]


Signed = Annotated[
    int,
    BeforeValidator(int),
    PlainSerializer(str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^-?[0-9]+$", "description": "smallest units, gained or given"}),
]


class Frozen(BaseModel):
    """Immutable; its names are camelCase in JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        json_schema_serialization_defaults_required=True,  # what has a default is in every answer
    )

    def dump(self) -> str:
        """This as JSON."""
        return self.model_dump_json(by_alias=True)

    @classmethod
    def load(cls, text: str | None) -> Self | None:
        """What `dump` wrote; None for None."""
        return None if text is None else cls.model_validate_json(text)
