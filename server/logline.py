"""Log lines that one can search: a fixed event name, then key=value fields."""

from __future__ import annotations

import json


def line(event: str, /, **fields: object) -> str:
    """A log line, such as `move_proven game=3 ply=12 seconds=2.31`. Values with spaces or quotes are JSON strings."""
    return " ".join([event, *(f"{key}={_text(value)}" for key, value in fields.items())])


def _text(value: object) -> str:
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    plain = text and text.isprintable() and not set(text) & set(" \"'=\\")
    return text if plain else json.dumps(text)
