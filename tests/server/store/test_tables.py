from __future__ import annotations

from server.store.database import TABLES
from server.store.journal import RECORDS
from server.store.tables import METADATA


def test_each_kind_of_record_has_a_table_of_its_own() -> None:
    assert TABLES.keys() == RECORDS.keys()
    assert set(TABLES.values()) == set(METADATA.tables.values())


def test_rows_are_named_by_deployment_and_game_first() -> None:
    for table in METADATA.tables.values():
        assert [column.name for column in table.primary_key][:2] == ["deployment", "game"], table.name
