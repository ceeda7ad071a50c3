from __future__ import annotations

import pytest

from engine.words import SCALAR_FIELD
from server.checks.audit.verifying import BASE_FIELD, canonical, in_evm
from server.settings import SettingsError

ACCEPTS_ONE = bytes.fromhex("5f35600114600b575f5ffd5b00")
"""Reverts unless the first word is 1."""
BURNS = bytes.fromhex("5b5f56")
"""Loops until its gas is gone."""


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_scalars_are_reduced_and_coordinates_are_not() -> None:
    assert canonical(word(5) + word(SCALAR_FIELD - 1)) == word(5) + word(SCALAR_FIELD - 1)
    assert canonical(word(BASE_FIELD)) == word(BASE_FIELD - SCALAR_FIELD)
    assert canonical(word(SCALAR_FIELD)) == word(SCALAR_FIELD), "it may be a coordinate, and is left alone"
    assert canonical(word(5) + b"tail") == word(5) and canonical(b"") == b""
    highest = (1 << 256) - 1
    assert int.from_bytes(canonical(word(highest)), "big") == highest % SCALAR_FIELD


def test_the_registered_code_judges() -> None:
    with in_evm(ACCEPTS_ONE) as judge:
        assert judge([1], b"") and not judge([2], b"") and not judge([], b"")


def test_code_that_burns_its_gas_refuses() -> None:
    with in_evm(BURNS) as judge:
        assert not judge([1], b"proof")


def test_code_that_no_contract_can_have_is_said() -> None:
    """A delegation (EIP-7702) that is cut short."""
    with in_evm(bytes.fromhex("ef0100")) as judge, pytest.raises(SettingsError, match="none that a chain takes"):
        judge([1], b"")
