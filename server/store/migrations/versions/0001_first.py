"""Receipts, refusals, thinking, proving times, finished games."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "receipts",
        sa.Column("deployment", sa.String(64), primary_key=True),
        sa.Column("game", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ply", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.String(66), primary_key=True),
        sa.Column("seat", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("move", sa.String(5), nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("relay", sa.String(42), nullable=False, comment="the receipt key's address"),
        sa.Column("receipt", sa.String(132), nullable=False, comment="its signature, of the EIP-712 struct Receipt"),
        sa.Column("ballot", sa.String(132), nullable=False, comment="the vote key's signature, EIP-2098, in hex"),
    )
    op.create_table(
        "refusals",
        sa.Column("deployment", sa.String(64), primary_key=True),
        sa.Column("game", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ply", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seat", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("move", sa.String(5), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False, comment="the last time"),
    )
    op.create_table(
        "thinking",
        sa.Column("deployment", sa.String(64), primary_key=True),
        sa.Column("game", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ply", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.String(66), primary_key=True),
        sa.Column("document", sa.Text, nullable=False, comment="Thinking as JSON"),
    )
    op.create_table(
        "proving",
        sa.Column("deployment", sa.String(64), primary_key=True),
        sa.Column("game", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ply", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.String(66), primary_key=True),
        sa.Column("move", sa.String(5), nullable=False),
        sa.Column("payee", sa.String(42), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )
    op.create_table(
        "games",
        sa.Column("deployment", sa.String(64), primary_key=True),
        sa.Column("game", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("document", sa.Text, nullable=False, comment="Game as JSON, as it was when the game ended"),
    )
