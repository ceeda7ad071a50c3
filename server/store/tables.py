"""The tables of the database of record. Their history is in `server/store/migrations/`.

Every row is named by what it is about, so writing it twice changes nothing. `deployment` is chain id and contract, as
several deployments may share a database. Moves are UCI, times Unix seconds.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String, Table, Text

METADATA = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, METADATA, Column("deployment", String(64), primary_key=True), *columns)


def _key(name: str, kind: Any = BigInteger) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


RECEIPTS = _table(
    "receipts",
    _key("game"),
    _key("ply", Integer),
    _key("position", String(66)),
    _key("seat"),
    Column("move", String(5), nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("relay", String(42), nullable=False, comment="the receipt key's address"),
    Column("receipt", String(132), nullable=False, comment="its signature, of the EIP-712 struct Receipt"),
    Column("ballot", String(132), nullable=False, comment="the vote key's signature, EIP-2098, in hex"),
)
REFUSALS = _table(
    "refusals",
    _key("game"),
    _key("ply", Integer),
    _key("seat"),
    _key("code", String(32)),
    Column("move", String(5), nullable=False),
    Column("at", BigInteger, nullable=False, comment="the last time"),
)
THINKING = _table(
    "thinking",
    _key("game"),
    _key("ply", Integer),
    _key("position", String(66)),
    Column("document", Text, nullable=False, comment="Thinking as JSON"),
)
PROVING = _table(
    "proving",
    _key("game"),
    _key("ply", Integer),
    _key("position", String(66)),
    Column("move", String(5), nullable=False),
    Column("payee", String(42), nullable=False),
    Column("seconds", Float, nullable=False),
)
GAMES = _table(
    "games",
    _key("game"),
    Column("outcome", String(16), nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("document", Text, nullable=False, comment="Game as JSON, as it was when the game ended"),
)
