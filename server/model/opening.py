"""The name of a game's opening and the moves that led to it, from the book in `contracts/book`."""

from __future__ import annotations

import json
from functools import cache

import chess

from server.model.frozen import Frozen
from server.model.position import Position
from server.settings import ROOT

BOOK = ROOT / "contracts" / "book" / "openings.json"


class Opening(Frozen):
    """How the game stood before its first move."""

    name: str
    moves: str
    """SAN with numbers, from the initial position."""


@cache
def _book() -> dict[str, Opening]:
    entries = json.loads(BOOK.read_text())["openings"]
    return {
        Position(int(entry["board"], 16), int(entry["state"], 16)).key: Opening(
            name=entry["name"], moves=entry["moves"]
        )
        for entry in entries
    }


def opening_of(fen: str | None) -> Opening | None:
    """The opening of a game that began with this position; None: it is not in the book."""
    return None if fen is None else _book().get(Position.pack(chess.Board(fen), 0).key)
