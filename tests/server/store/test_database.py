"""The database of record, on SQLite, and on PostgreSQL where Debian's is installed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import alembic.command
import pytest
from alembic.config import Config
from sqlalchemy import Engine, text

from server.local.probe import unused_port
from server.settings import Environment, Settings
from server.store import database as module
from server.store.database import MIGRATIONS, Record
from server.store.journal import DatabaseAway, Entry, Proving, Refusal
from server.store.records import Receipt, StoredBallot
from server.store.thinking import Thinking, Thought

POSITION = "0x" + "ab" * 32
POSTGRES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None, key=lambda path: int(path.parent.name))


def receipt(seat: int, move: str = "e2e4", game: int = 3) -> Entry:
    made = Receipt(
        game=game,
        seat=seat,
        ply=0,
        move=move,
        position=POSITION,
        received=1_700_000_000,
        relay="0x" + "12" * 20,
        signature="0x" + "34" * 64,
    )
    return Entry("receipt", game, StoredBallot(signature="56" * 64, receipt=made))


def thinking(choice: str = "e7e5") -> Entry:
    thought = Thought(move=choice, san="e5", probability=0.5, legal=True)
    return Entry("thinking", 3, Thinking(ply=1, position=POSITION, choice=choice, choice_san="e5", moves=(thought,)))


def proving(seconds: float = 2.5) -> Entry:
    return Entry("proving", 3, Proving(ply=1, position=POSITION, move="e7e5", payee="0x" + "12" * 20, seconds=seconds))


def refusal(code: str, at: int = 5) -> Entry:
    return Entry("refusal", 3, Refusal(ply=0, seat=1, move="e2e4", code=code, at=at))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "network").write_bytes(b"")
    given: dict[str, Any] = {"data_dir": tmp_path, "network": tmp_path / "network", "contract": "0x" + "cd" * 20}
    return Settings.load(Environment.read(**given))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of its own; its address."""
    with run_postgres(tmp_path_factory.mktemp("pg")) as url:
        yield url


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    if POSTGRES is None:
        pytest.skip("PostgreSQL is not installed")
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    if as_user:
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(0o755)
        shutil.chown(folder, "postgres")
    port, data = unused_port(), folder / "data"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_user, str(POSTGRES / "pg_ctl"), "-D", str(data), "-w", "-s"]
    initdb = [*as_user, str(POSTGRES / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
    subprocess.run([*control, "-o", options, "-l", str(folder / "log"), "start"], check=True, cwd=folder)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, cwd=folder)


@pytest.fixture(autouse=True)
def engines_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    engines: list[Engine] = []

    def connect(url: str) -> Engine:
        engines.append(module_connect(url))
        return engines[-1]

    module_connect = module.connect
    monkeypatch.setattr(module, "connect", connect)
    yield
    for engine in engines:
        engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def record(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Record]:
    if request.param == "postgresql":
        settings = replace(settings, database_url=request.getfixturevalue("postgres"))
    made = Record(settings)
    made.migrate()
    yield made
    if request.param == "postgresql":
        with made.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))


def test_what_is_written_is_read_and_written_twice_is_there_once(record: Record) -> None:
    entries = [receipt(seat) for seat in range(3)] + [thinking(), proving(), refusal("full"), refusal("voted")]
    record.write(entries)
    record.write([*entries, *entries])
    (found,) = record.read("receipt", 3, seat=2)
    assert found["move"] == "e2e4" and found["receipt"] == "0x" + "34" * 64 and found["ballot"] == "56" * 64
    assert len(record.read("receipt", 3)) == 3 and record.read("receipt", 4) == []
    assert [row["code"] for row in record.read("refusal", 3, ply=0)] == ["full", "voted"]
    assert record.thinking(3, 1, POSITION) == thinking().record
    assert record.thinking(3, 1, "0x" + "00" * 32) is None
    assert record.proving_seconds(3, 1, POSITION) == 2.5
    with pytest.raises(ValueError, match="has no seat"):
        record.read("thinking", 3, seat=1)


def test_the_last_of_a_name_stands(record: Record) -> None:
    record.write([refusal("full", 5), refusal("full", 9)])
    assert [row["at"] for row in record.read("refusal", 3)] == [9]


def test_deployments_share_a_database(record: Record, settings: Settings) -> None:
    record.write([receipt(0)])
    other = Record(replace(settings, database_url=str(record.engine.url), contract="0x" + "ef" * 20))
    assert other.read("receipt", 3) == []
    other.write([receipt(0, "d2d4")])
    assert [row["move"] for row in record.read("receipt", 3)] == ["e2e4"]


def test_the_migrations_make_the_tables(record: Record) -> None:
    record.migrate()  # again: nothing is to be done
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with record.engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.command.check(config)


def test_tables_of_a_newer_version_are_left_alone(record: Record) -> None:
    with record.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseAway, match="cannot be migrated"):
        record.migrate()


def test_what_the_database_never_takes_is_named(record: Record) -> None:
    with pytest.raises(ValueError):
        record.write([Entry("receipt", 1 << 70, receipt(0).record)])
    record.write([receipt(0)])
    assert len(record.read("receipt", 3)) == 1


def test_nothing_is_read_before_a_recorder_was_there(settings: Settings) -> None:
    assert Record(settings).read("receipt", 3) == []


def test_a_locked_sqlite_is_away_and_comes_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.1)
    record = Record(settings)
    record.migrate()
    holder = sqlite3.connect(settings.data_dir / "record.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseAway, match="locked"):
        record.write([receipt(0)])
    assert record.read("receipt", 3) == [], "readers do not wait"
    holder.close()
    record.write([receipt(0)])
    assert len(record.read("receipt", 3)) == 1


@pytest.mark.parametrize("url", ["postgresql://nobody:word@127.0.0.1:1/none", "sqlite:////nonexistent/record.sqlite"])
def test_a_database_that_is_not_there_is_away(settings: Settings, url: str) -> None:
    with pytest.raises(DatabaseAway) as raised:
        Record(replace(settings, database_url=url)).migrate()
    assert "word" not in str(raised.value)
