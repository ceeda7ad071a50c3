"""Private keys and other secrets as an operator keeps them: in a variable, in a file, or in an encrypted keystore.

Nothing here repeats a secret in an error.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from eth_account import Account


def address_of(key: str) -> str:
    """The address of a private key (0x and 64 hex digits). Raises ValueError, without repeating the key."""
    try:
        return cast(str, Account.from_key(key).address)
    except Exception:
        raise ValueError("not a private key (0x and 64 hex digits)") from None


def read_secret(file: Path) -> str:
    """The text of a file, without the line's end. Raises ValueError if there is none, or more than a line's worth."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST + 1)
        text = content.decode().strip()
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is not text") from None
    if not text or len(content) > LONGEST:
        raise ValueError(f"{file} is empty" if not text else f"{file} is longer than {LONGEST} bytes")
    return text


LONGEST = 20_000
"""Most bytes that a secret's file may have. A keystore has about 500."""


def read_key(file: Path, password_file: Path | None) -> str:
    """The private key in a file: as hex, or as an encrypted keystore (version 3, as geth and eth_account write it).

    A keystore needs the file with its password. Raises ValueError.
    """
    text = read_secret(file)
    if not text.startswith("{"):
        try:
            address_of(text)
        except ValueError as error:
            raise ValueError(f"{file} holds {error}, nor a keystore") from None
        return text
    if password_file is None:
        raise ValueError(f"{file} is an encrypted keystore; name the file with its password as well")
    try:
        return _decrypted(text, read_secret(password_file))
    except WrongPasswordError:
        raise ValueError(f"the password in {password_file} does not open the keystore {file}") from None
    except DamagedError:
        raise ValueError(f"{file} is not a keystore of version 3") from None


class WrongPasswordError(Exception):
    """The password does not open the keystore."""


class DamagedError(Exception):
    """No keystore."""


@functools.lru_cache(maxsize=8)
def _decrypted(keystore: str, password: str) -> str:
    """The key in a keystore. Remembered, as it takes a second by design."""
    try:
        store = json.loads(keystore)
        key = Account.decrypt(store, password)
    except ValueError as error:
        raise (WrongPasswordError if "MAC mismatch" in str(error) else DamagedError) from None
    except Exception:
        raise DamagedError from None
    return "0x" + bytes(key).hex()


def file_of(name: str) -> str | None:
    """The file that holds a secret setting, as the variable NAME_FILE names it; None: it is not given."""
    return os.environ.get(f"{name.upper()}_FILE") or None


def in_files(names: Iterable[str]) -> dict[str, str]:
    """The settings of these names that are given by file. Raises ValueError, which names the variable."""
    found = {}
    for name in names:
        setting, file = name.upper(), file_of(name)
        if file is None:
            continue
        if os.environ.get(setting):
            raise ValueError(f"{setting}: set twice, and in {setting}_FILE; unset one")
        password = os.environ.get(f"{setting}_PASSWORD_FILE")
        try:
            if name.endswith("_key"):
                found[name] = read_key(Path(file).expanduser(), Path(password).expanduser() if password else None)
            else:
                found[name] = read_secret(Path(file).expanduser())
        except ValueError as error:
            raise ValueError(f"{setting}_FILE: {error}") from None
    return found
