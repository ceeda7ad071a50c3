from __future__ import annotations

from pathlib import Path

import pytest

from server import cli
from server.accounts import make_keys
from server.local.folder import DataFolder
from server.settings import Environment


def test_parts_that_a_kill_left_are_removed(tmp_path: Path) -> None:
    (tmp_path / "chain.jsonabc.part").write_text("{")
    folder = DataFolder(tmp_path)
    folder.hold()
    folder.release()
    assert not (tmp_path / "chain.jsonabc.part").exists()


def test_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("DATA_DIR", str(data))
    make_keys_in(data)
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    assert cli.main(["reset"]) == 1 and (data / "keys.json").exists()
    (data / "thesis.tex").write_text("years of work")
    assert cli.main(["reset", "--yes"]) == 2
    assert "holds thesis.tex" in capsys.readouterr().err and (data / "keys.json").exists()
    (data / "thesis.tex").unlink()
    for name in ("chain.json", "chain.old.json", "chain.damaged", "chain.json1x2y.part"):
        (data / name).write_text("{}")
    holder = DataFolder(data)
    holder.hold()
    assert cli.main(["reset", "--yes"]) == 2 and (data / "keys.json").exists()
    holder.release()
    assert cli.main(["reset", "--yes"]) == 0
    assert sorted(path.name for path in data.iterdir()) == ["lock"]


def make_keys_in(folder: Path) -> None:
    folder.mkdir()
    (folder / "logs").mkdir()
    make_keys(Environment.read(data_dir=folder))
