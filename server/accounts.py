"""The operator's accounts, and where their private keys come from: a setting, or a local chain's data folder."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol, cast

from pydantic import SecretStr

from server.files import read_json, write_json

KEYS = ("owner", "relay", "receipt", "house", "keeper")
"""Accounts of the operator: the owner deploys and creates games, the relay brings ballots and proofs to the chain, the
api signs receipts (that account needs no funds), the house stakes on Leela in the local demo, the keeper brings the
hours and decisions of a vault to the chain."""


class Given(Protocol):
    """What is read here of the settings: `server.settings.Environment`, with a field NAME_key for each of KEYS."""

    @property
    def data_dir(self) -> Path: ...

    @property
    def local(self) -> bool: ...


def key_of(env: Given, name: str) -> str | None:
    """The private key of one of `KEYS`, the first if there are several. None: there is none."""
    return next(iter(keys_of(env, name)), None)


def keys_of(env: Given, name: str) -> tuple[str, ...]:
    """The private keys of one of `KEYS`: the setting, or on a local chain the data folder's."""
    given = cast("SecretStr | None", getattr(env, f"{name}_key"))
    if given is not None:
        return tuple(given.get_secret_value().split(","))
    kept = (read_json(env.data_dir / "keys.json") or {}).get(name) if env.local else None
    return () if kept is None else (kept,)


def make_keys(env: Given) -> None:
    """Writes the missing ones of `KEYS` to the data folder of a local chain, readable by this user only."""
    path = env.data_dir / "keys.json"
    kept = read_json(path) or {}
    if any(name not in kept for name in KEYS):
        write_json(path, {name: kept.get(name) or "0x" + secrets.token_hex(32) for name in KEYS})
