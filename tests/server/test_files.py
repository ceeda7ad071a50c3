from __future__ import annotations

from pathlib import Path

import pytest

from server.files import SettingsError, read_json, write_atomically, write_json


def test_an_object_is_read_as_it_was_written_and_by_this_user_only(tmp_path: Path) -> None:
    file = tmp_path / "file.json"
    write_json(file, {"a": [1, "ä"]})
    assert read_json(file) == {"a": [1, "ä"]} and file.stat().st_mode & 0o777 == 0o600
    assert read_json(tmp_path / "nothing.json") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff\xfe"])
def test_a_damaged_file_is_named_with_the_remedy(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(content)
    with pytest.raises(SettingsError, match=r"^DATA_DIR: .*file\.json is damaged; restore it, or start over"):
        read_json(tmp_path / "file.json")
    with pytest.raises(SettingsError, match="is damaged"):
        read_json(tmp_path)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file.json"
    write_json(file, {"a": 1})

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"{}")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_json(file, {})
    assert read_json(file) == {"a": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.json"]
