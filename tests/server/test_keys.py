from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from server.keys import address_of, read_key, read_secret

KEY = "0x" + "46" * 32
PASSWORD = "a long password"


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    file = tmp_path / "keystore"
    file.write_text(json.dumps(Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)))
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return file


def test_a_key_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert read_key(file, None) == KEY


def test_an_encrypted_keystore(keystore: Path) -> None:
    assert address_of(read_key(keystore, keystore.parent / "password")) == address_of(KEY)


def test_what_a_file_cannot_be_is_said_without_what_it_holds(keystore: Path, tmp_path: Path) -> None:
    wrong, empty, odd, long = (tmp_path / name for name in ("wrong", "empty", "odd", "long"))
    wrong.write_text("another password")
    empty.write_text("\n")
    odd.write_bytes(b"\xff\xfe")
    long.write_text("0x" + "46" * 20_000)
    damaged = tmp_path / "damaged"
    damaged.write_text(keystore.read_text()[:-30])
    short = tmp_path / "short"
    short.write_text(KEY[:-2])
    for file, password, message in (
        (tmp_path / "none", None, "none cannot be read (No such file"),
        (keystore, None, "is an encrypted keystore; name the file"),
        (keystore, wrong, "the password in"),
        (keystore, empty, "empty is empty"),
        (damaged, wrong, "is not a keystore of version 3"),
        (odd, None, "is not text"),
        (long, None, "is longer than"),
        (short, None, "holds not a private key"),
    ):
        with pytest.raises(ValueError) as raised:
            read_key(file, password)
        said = str(raised.value)
        assert message in said and "46" * 10 not in said and "another" not in said
        assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert read_secret(wrong) == "another password"
