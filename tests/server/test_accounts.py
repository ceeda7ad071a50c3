"""The operator's accounts: keys that are given, or made once for a local chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.accounts import KEYS, key_of, make_keys
from server.settings import Environment, SettingsError


@pytest.fixture(autouse=True)
def only_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def environment(tmp_path: Path, **values: object) -> Environment:
    return Environment.read(data_dir=tmp_path, network=Path(__file__), **values)


@pytest.mark.parametrize("content", ["", '{"chainId": 3', "[]", "\x00\x01"])
def test_half_written_files_are_named_and_left_alone(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(SettingsError, match=r"DATA_DIR: .*keys\.json is damaged"):
        make_keys(environment(tmp_path))
    assert (tmp_path / "keys.json").read_text() == content


def test_keys_are_made_once_and_for_this_user_only(tmp_path: Path) -> None:
    env = environment(tmp_path)
    make_keys(env)
    keys = {name: key_of(env, name) for name in KEYS}
    make_keys(env)
    assert {name: key_of(env, name) for name in KEYS} == keys and len(set(keys.values())) == len(KEYS)
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_no_key_is_made_for_a_real_chain(tmp_path: Path) -> None:
    make_keys(environment(tmp_path))
    assert key_of(environment(tmp_path, chain_id=1), "relay") is None
