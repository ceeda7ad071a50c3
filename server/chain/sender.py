"""Transactions of one account: estimated, priced, signed, sent."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3Exception

from server.chain.reverts import Refused, reason
from server.chain.signer import KeySigner, Signed, Signer
from server.settings import SettingsError

GAS_LIMIT = 16_000_000
"""Most gas of one transaction, a little below the chain's own cap of 2^24 (EIP-7825)."""


class Reverted(SettingsError):  # noqa: N818
    """A transaction was mined and reverted: it changed nothing, and its gas is paid."""


@dataclass(frozen=True)
class Draft:
    """A transaction without nonce and fees. `to` is None for one that creates a contract."""

    to: str | None
    data: str
    value: int
    gas: int
    """Gas limit."""


class Fees(NamedTuple):
    """Prices in wei per gas, and the block they were read at."""

    block: int
    fee: int
    """Fee cap, EIP-1559's maxFeePerGas: room for the base fee to double."""
    tip: int
    """EIP-1559's maxPriorityFeePerGas."""


def gas_limit(estimate: int) -> int:
    """The gas limit for a node's estimate: a quarter more, and some for what an estimate misses."""
    return min(estimate * 5 // 4 + 10_000, GAS_LIMIT)


class Sender:
    """Signs and sends the transactions of one account. `key`: what signs for it, or its private key; `setting` names
    that in errors."""

    def __init__(self, w3: Web3, key: Signer | str, setting: str) -> None:
        self.w3, self.setting = w3, setting
        self.signer: Signer = KeySigner(key) if isinstance(key, str) else key

    @property
    def address(self) -> ChecksumAddress:
        return self.signer.address

    @functools.cached_property
    def chain_id(self) -> int:
        return self.w3.eth.chain_id

    def balance(self) -> int:
        return self.w3.eth.get_balance(self.address)

    def count(self, block: Literal["latest", "pending"]) -> int:
        """Transactions of this key so far: mined, or those that wait at the node as well."""
        return int(self.w3.eth.get_transaction_count(self.address, block))

    def fees(self) -> Fees:
        """What to offer now."""
        latest = self.w3.eth.get_block("latest")
        tip = self.w3.eth.max_priority_fee
        return Fees(latest["number"], 2 * latest.get("baseFeePerGas", 0) + tip, tip)

    def estimate(self, call: Any, value: int = 0, block: Literal["latest", "pending"] = "pending") -> int:
        """The node's estimate of the gas of a contract's call or constructor, on top of a block.

        Raises Refused if it would revert.
        """
        try:
            return int(call.estimate_gas({"from": self.address, "value": value}, block))
        except ContractLogicError as error:
            raise Refused(reason(error)) from None

    def draft(
        self, call: Any, value: int = 0, block: Literal["latest", "pending"] = "pending", gas: int | None = None
    ) -> Draft:
        """A contract's call or constructor as a transaction, with room above the gas that it needs on top of a block.

        gas: its gas limit, if that is known. Raises Refused if it would revert.
        """
        if gas is None:
            gas = gas_limit(self.estimate(call, value, block))
        prices = {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}  # given, so that nobody asks the node for them
        made = call.build_transaction(
            {"from": self.address, "value": value, "gas": gas, "nonce": 0, "chainId": self.chain_id, **prices}
        )
        return Draft(made.get("to") or None, made["data"], value, gas)

    def sign(self, draft: Draft, nonce: int, fees: Fees) -> Signed:
        """A draft as a signed transaction, with its hash."""
        made: dict[str, Any] = {
            "chainId": self.chain_id,
            "nonce": nonce,
            "data": draft.data,
            "value": draft.value,
            "gas": draft.gas,
            "maxFeePerGas": fees.fee,
            "maxPriorityFeePerGas": fees.tip,
        }
        if draft.to is not None:
            made["to"] = draft.to
        return self.signer.sign(made)

    def send(self, call: Any, value: int = 0) -> Mapping[str, Any]:
        """Sends a contract's call or constructor and returns the receipt, once it is mined.

        Raises SettingsError: Refused if the contract would revert it, Reverted if it was mined and did.
        """
        with self._refusals():
            draft, fees = self.draft(call, value), self.fees()
        return self.send_draft(draft, fees)

    def send_draft(self, draft: Draft, fees: Fees) -> Mapping[str, Any]:
        """Sends a draft at these prices and returns the receipt, once it is mined.

        Raises SettingsError if the node refuses it: Reverted if it was mined and changed nothing.
        """
        with self._refusals():
            signed = self.sign(draft, self.count("pending"), fees)
            receipt = self.w3.eth.wait_for_transaction_receipt(self.w3.eth.send_raw_transaction(signed.raw))
        if receipt["status"] != 1:
            raise Reverted(f"{self.setting}: transaction {receipt['transactionHash'].to_0x_hex()} was reverted")
        return cast("Mapping[str, Any]", receipt)

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turns the errors of a contract or a node into sentences that name the key."""
        refusal = f"{self.setting}: the chain refused a transaction of {self.address}"
        try:
            yield
        except Refused as error:
            raise Refused(f"{refusal}: {error}") from error
        except (Web3Exception, ValueError) as error:
            raise SettingsError(f"{refusal}: {reason(error)}") from error
