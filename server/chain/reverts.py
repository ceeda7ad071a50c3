"""Why a call reverts: the contract's custom errors by name."""

from __future__ import annotations

import functools
from typing import Any, cast

from eth_typing import ChecksumAddress
from eth_utils.abi import abi_to_signature
from web3 import Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError

from server.chain.contracts import abi, artifact
from server.settings import SettingsError


class Refused(SettingsError):  # noqa: N818
    """The contract would revert this call. The text names its error."""


@functools.cache
def _names() -> dict[str, str]:
    """The names of the game's and the vault's errors by selector, 0x-prefixed."""
    return {
        Web3.keccak(text=abi_to_signature(cast(Any, entry)))[:4].to_0x_hex(): str(entry["name"])
        for entry in [*abi(), *artifact("Rockefeller")["abi"]]
        if entry["type"] == "error"
    }


def error_name(error: Exception) -> str | None:
    """The name of the contract's error that a call was refused with; None if it was another fault."""
    data = getattr(error, "data", None)
    return _names().get(data[:10]) if isinstance(data, str) else None


def refuses(call: ContractFunction, sender: ChecksumAddress) -> bool:
    """Whether the contract refuses a call on top of the newest block.

    A refusal on top of the pending block proves nothing: somebody else's call may be pending.
    """
    try:
        call.call({"from": sender}, "latest")
    except ContractLogicError as error:
        return error_name(error) is not None
    return False


def reason(error: Exception) -> str:
    """What a refused call says of itself: the name of the contract's error if it is one, else what the node says."""
    data = getattr(error, "data", None)
    known = error_name(error)
    if known is not None:
        return known
    return data[:74] if isinstance(data, str) and data.startswith("0x") and len(data) >= 10 else str(error)
