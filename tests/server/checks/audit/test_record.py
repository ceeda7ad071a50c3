from __future__ import annotations

import json
from pathlib import Path

import pytest

from server.checks.audit import record as records
from server.checks.audit.record import FIELDS, VERSION, Record
from server.settings import SettingsError


def test_a_record_is_read_as_it_was_written(record: Record, tmp_path: Path) -> None:
    records.write(record, tmp_path / "file")
    assert records.read(tmp_path / "file") == record and set(FIELDS) == set(record)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[]", "{}", "1", json.dumps(dict.fromkeys(FIELDS[:-1], 1))])
def test_another_file_is_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text)
    with pytest.raises(SettingsError, match=r"^--file: .*(cannot be read|is not what --save writes)"):
        records.read(tmp_path / "file")


def test_another_version_says_how_to_get_this_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps(dict.fromkeys(FIELDS, VERSION - 1)))
    with pytest.raises(SettingsError, match=f"is of version {VERSION - 1}, not {VERSION}: --save writes it again"):
        records.read(tmp_path / "file")


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--file: .*nothing cannot be read"):
        records.read(tmp_path / "nothing")
    with pytest.raises(SettingsError, match=r"^--save: .* cannot be written"):
        records.write({}, tmp_path / "no folder" / "file")
