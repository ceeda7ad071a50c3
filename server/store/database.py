"""The database of record: what is neither on the chain nor for ever in Redis. PostgreSQL or SQLite.

Writes are idempotent: a row is named by what it is about, and writing it again replaces it with the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from server.settings import Settings
from server.store.journal import DatabaseAway, Entry, Proving, Refusal
from server.store.records import StoredBallot
from server.store.tables import GAMES, PROVING, RECEIPTS, REFUSALS, THINKING
from server.store.thinking import Thinking

TABLES = {"receipt": RECEIPTS, "refusal": REFUSALS, "thinking": THINKING, "proving": PROVING, "game": GAMES}
"""The table of each kind of record."""
MIGRATIONS = Path(__file__).parent / "migrations"
CONNECT_SECONDS = 5
"""How long to wait for a connection, or for SQLite's lock."""
STATEMENT_MS = 10_000
"""How long PostgreSQL may take for a statement, in milliseconds."""


class Record:
    """The database of one deployment. Every method raises DatabaseAway if it does not answer."""

    def __init__(self, settings: Settings) -> None:
        self.deployment = f"{settings.chain_id}:{settings.contract.lower()}"
        self.engine = connect(settings.database_url)

    def migrate(self) -> None:
        """Brings the tables to this version's form. One process does it, before it writes."""
        import alembic.command  # imported here: only the recorder migrates
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._connection() as connection:
            config.attributes["connection"] = connection
            try:
                alembic.command.upgrade(config, "head")
            except CommandError as error:  # its tables are of a newer version than this program
                raise DatabaseAway(f"the tables cannot be migrated: {error}") from error

    def close(self) -> None:
        """Closes the connections."""
        self.engine.dispose()

    def write(self, entries: Sequence[Entry]) -> None:
        """Keeps all of them or none. Raises ValueError if the database takes one of them never."""
        rows: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}
        for entry in entries:
            row = {"deployment": self.deployment, "game": entry.game, **row_of(entry)}
            key = tuple(row[column.name] for column in TABLES[entry.kind].primary_key)
            rows.setdefault(entry.kind, {})[key] = row  # the last one of each, as an upsert takes a row once
        with self._connection() as connection:
            for kind, found in rows.items():
                connection.execute(_upsert(TABLES[kind], self.engine.dialect.name), list(found.values()))

    def read(self, kind: str, game: int, ply: int | None = None, seat: int | None = None) -> list[dict[str, Any]]:
        """The rows of a kind of record, without the deployment, in the order of their names."""
        table = TABLES[kind]
        asked = {"deployment": self.deployment, "game": game, "ply": ply, "seat": seat}
        query = select(*(column for column in table.columns if column.name != "deployment"))
        for name, value in asked.items():
            if value is not None:
                if name not in table.columns:
                    raise ValueError(f"a {kind} has no {name}")
                query = query.where(table.columns[name] == value)
        with self._connection() as connection:
            if not inspect(connection).has_table(table.name):
                return []  # no recorder has been here yet
            return [dict(row) for row in connection.execute(query.order_by(*table.primary_key)).mappings()]

    def thinking(self, game: int, ply: int, position: str) -> Thinking | None:
        """What the network thought of a position of a game."""
        found = self.read("thinking", game, ply)
        return Thinking.load(next((row["document"] for row in found if row["position"] == position), None))

    def proving_seconds(self, game: int, ply: int, position: str) -> float | None:
        """How long a worker of this server took for the proof of a position."""
        found = self.read("proving", game, ply)
        return next((float(row["seconds"]) for row in found if row["position"] == position), None)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A transaction. Raises DatabaseAway, or ValueError for what the database refuses for what it is."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except (DataError, IntegrityError, OverflowError) as error:
            raise ValueError(_first_line(error)) from error
        except SQLAlchemyError as error:
            raise DatabaseAway(_first_line(error)) from error


def connect(url: str) -> Engine:
    """An engine that connects when it is first used."""
    made = make_url(url)
    if made.get_backend_name() == "postgresql":
        options = {"connect_timeout": CONNECT_SECONDS, "options": f"-c statement_timeout={STATEMENT_MS}"}
        return create_engine(made.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=options)
    engine = create_engine(made, connect_args={"timeout": CONNECT_SECONDS})

    @event.listens_for(engine, "connect")
    def readers_do_not_wait(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def row_of(entry: Entry) -> dict[str, Any]:
    """The columns of an entry, without deployment and game."""
    record: Any = entry.record
    match entry.kind:
        case "receipt":
            receipt = cast(StoredBallot, record).receipt
            return {
                **{name: getattr(receipt, name) for name in ("ply", "position", "seat", "move", "received", "relay")},
                "receipt": receipt.signature,
                "ballot": record.signature,
            }
        case "refusal":
            return cast(Refusal, record).model_dump()
        case "thinking":
            return {"ply": record.ply, "position": record.position, "document": record.dump()}
        case "proving":
            return cast(Proving, record).model_dump()
        case "game":
            return {"outcome": record.outcome, "ended": record.since, "document": record.dump()}


def _upsert(table: Table, dialect: str) -> Any:
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=others)


def _first_line(error: Exception) -> str:
    """Without the statement and its values, which can be long."""
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
