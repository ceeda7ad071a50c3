"""Who signs the operator's transactions: a private key in this process, or a signing service that holds the key.

A service speaks web3signer's JSON-RPC (`eth_accounts`, `eth_signTransaction`). What it returns is checked field by
field before it is sent: a service that is wrong, or somebody between, cannot have another transaction sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import httpx
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3

from server.accounts import key_of, keys_of
from server.settings import Environment, SettingsError

TIMEOUT = 10.0
"""Seconds to wait for a signing service."""


class Signed(NamedTuple):
    """A signed transaction."""

    raw: bytes
    hash: bytes


class SignerAway(OSError):  # noqa: N818
    """The signing service does not answer. An OSError, so that processes wait and try again as for a node."""


class Signer(Protocol):
    """Signs transactions of one account."""

    @property
    def address(self) -> ChecksumAddress: ...

    def sign(self, transaction: Mapping[str, Any]) -> Signed:
        """Signs a transaction of EIP-1559: chainId, nonce, data, value, gas, both fees and, unless it creates, to."""


class KeySigner:
    """Signs with a private key."""

    def __init__(self, key: str) -> None:
        self._account = Account.from_key(key)

    @property
    def address(self) -> ChecksumAddress:
        return Web3.to_checksum_address(self._account.address)

    def sign(self, transaction: Mapping[str, Any]) -> Signed:
        signed = self._account.sign_transaction(dict(transaction))
        return Signed(bytes(signed.raw_transaction), bytes(signed.hash))

    def __repr__(self) -> str:
        return f"KeySigner({self.address})"


class RemoteSigner:
    """Has a signing service sign. `setting` names the service's URL in errors."""

    def __init__(self, url: str, address: str | None, setting: str) -> None:
        self._url, self._setting = url, setting
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=False)
        self._address = self._choose(address)

    @property
    def address(self) -> ChecksumAddress:
        return self._address

    def sign(self, transaction: Mapping[str, Any]) -> Signed:
        asked = {
            name: hex(value) if isinstance(value, int) else value
            for name, value in {"from": self._address, **transaction}.items()
        }
        answer = self._call("eth_signTransaction", asked)
        try:
            raw = bytes(HexBytes(answer))
            signer = Account.recover_transaction(raw)
            signed = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        except Exception:
            raise SettingsError(f"{self._setting}: the signing service did not answer with a transaction") from None
        if signer != self._address or not _same(transaction, signed):
            raise SettingsError(f"{self._setting}: the signing service signed something else, or as another account")
        return Signed(raw, bytes(Web3.keccak(raw)))

    def _choose(self, address: str | None) -> ChecksumAddress:
        """The account to sign as: the given one, or the service's only one. Raises SettingsError."""
        try:
            accounts = [Web3.to_checksum_address(account) for account in self._call("eth_accounts")]
        except SignerAway as error:
            raise SettingsError(f"{self._setting}: {error}") from None
        except (TypeError, ValueError):
            raise SettingsError(f"{self._setting}: the signing service did not answer with accounts") from None
        setting = self._setting.replace("_SIGNER", "_ADDRESS")
        if address is None:
            if len(accounts) != 1:
                raise SettingsError(f"{setting}: missing; the signing service has {len(accounts)} accounts")
            return accounts[0]
        if address not in accounts:
            raise SettingsError(f"{setting}: the signing service does not have {address}")
        return Web3.to_checksum_address(address)

    def _call(self, method: str, *params: Any) -> Any:
        try:
            answer = self._client.post(
                self._url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
            )
            said = answer.json()
        except httpx.HTTPError as error:
            raise SignerAway(f"the signing service does not answer ({type(error).__name__})") from None
        except ValueError:
            raise SignerAway(f"the signing service answered {answer.status_code}, and no JSON") from None
        if not isinstance(said, dict) or "result" not in said:
            reason = said.get("error") if isinstance(said, dict) else None
            raise SignerAway(f"the signing service refused {method}: {str(reason)[:200]}")
        return said["result"]


def _same(asked: Mapping[str, Any], signed: Mapping[str, Any]) -> bool:
    """Whether a signed transaction has the fields that were asked for, and no access list."""
    got = dict(signed)
    to = bytes(HexBytes(got.get("to") or b""))
    plain = all(got.get(name) == asked[name] for name in asked if name not in ("to", "data"))
    return (
        plain
        and got.get("type") == 2
        and not got.get("accessList")
        and to == bytes(HexBytes(asked.get("to") or b""))
        and bytes(HexBytes(got.get("data") or b"")) == bytes(HexBytes(asked["data"]))
    )


def signer_of(env: Environment, name: str) -> Signer | None:
    """What signs for one of the operator's accounts (`server.settings.KEYS`): its key, or its signing service.

    None: neither is set. Raises SettingsError if the service does not answer.
    """
    url = getattr(env, f"{name}_signer", None)
    if url is not None:
        return RemoteSigner(url, getattr(env, f"{name}_address"), f"{name.upper()}_SIGNER")
    key = key_of(env, name)
    return None if key is None else KeySigner(key)


def signers_of(env: Environment, name: str) -> list[Signer]:
    """The same for an account that may be several by comma, as RELAY_KEY: all that sign, none if neither is set."""
    if getattr(env, f"{name}_signer", None) is not None:
        signer = signer_of(env, name)
        return [] if signer is None else [signer]
    return [KeySigner(key) for key in keys_of(env, name)]
