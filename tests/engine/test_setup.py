"""Setups and keys in the cache: only what was made here, whole, is used; a ceremony's is named by its hash."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from engine import setup
from engine.setup import Setup, cached


def test_a_seeds_setup_says_that_it_is_insecure_and_is_made_once(tmp_path: Path) -> None:
    made = Setup.from_seed(7)
    assert made.insecure and made.name == "insecure-7"
    first = made.parameters(4, tmp_path).to_bytes()
    assert Setup.from_seed(8).parameters(4, tmp_path).to_bytes() != first

    def again(k: int) -> Any:
        raise AssertionError("made again")

    assert Setup("insecure-7", True, again).parameters(4, tmp_path).to_bytes() == first
    with pytest.raises(AssertionError, match="made again"):
        Setup("insecure-7", True, again).parameters(5, tmp_path)


def test_a_ceremony_is_named_by_its_hash(tmp_path: Path) -> None:
    digest = "AB" * 64
    ceremony = Setup.from_ceremony(tmp_path / "file", digest)
    assert not ceremony.insecure and ceremony.name == "ceremony-" + "ab" * 16
    for bad in ("", "ab" * 63, "xy" * 64, "0x" + "ab" * 63):
        with pytest.raises(ValueError, match="is neither a BLAKE2b-512"):
            Setup.from_ceremony(tmp_path / "file", bad)


def test_a_file_of_another_hash_is_refused_and_not_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"no ceremony")
    with pytest.raises(ValueError, match=r"."):
        Setup.from_ceremony(tmp_path / "file", "ab" * 64).parameters(4, tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock"]


def test_a_setup_under_a_foreign_name_is_not_used(tmp_path: Path) -> None:
    """Else whoever knows a setup's secret could have it taken for the ceremony's."""
    cached(tmp_path / "insecure", lambda: b"known secret")
    (tmp_path / "insecure").rename(tmp_path / "ceremony")
    assert cached(tmp_path / "ceremony", lambda: b"ceremony's") == b"ceremony's"


def test_a_file_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cached(cache / "thing", lambda: b"planted")
    assert cache.stat().st_mode & 0o777 == 0o700
    (cache / "thing").chmod(0o666)
    assert cached(cache / "thing", lambda: b"made") == b"made"
    assert (cache / "thing").stat().st_mode & 0o022 == 0


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(setup.os, "fsync", full)
    with pytest.raises(OSError, match=r"cannot keep 3 bytes \(No space left on device\).*thing"):
        cached(tmp_path / "thing", lambda: b"abc")
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]
    monkeypatch.undo()
    assert cached(tmp_path / "thing", lambda: b"abc") == b"abc"
    assert cached(tmp_path / "thing", lambda: b"another") == b"abc"
