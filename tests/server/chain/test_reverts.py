from __future__ import annotations

import pytest
from web3.exceptions import ContractCustomError, ContractLogicError

from server.chain.reverts import error_name, reason
from tests.server.table import OWNER, Table


def test_the_contracts_own_errors_are_named(table: Table) -> None:
    with pytest.raises(ContractLogicError) as raised:
        table.call.begin(10**6).call()
    assert error_name(raised.value) == reason(raised.value) == "WrongState"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ContractCustomError("x", data="0x12345678" + "00" * 64), "0x12345678" + "00" * 32),
        (ContractLogicError("out of gas", data="0x"), "out of gas"),
        (ContractLogicError("out of gas"), "out of gas"),
        (ValueError("no funds"), "no funds"),
    ],
)
def test_other_faults_say_what_the_node_says(error: Exception, text: str) -> None:
    assert error_name(error) is None and text in reason(error)


def test_an_error_of_the_rules_is_named(table: Table) -> None:
    """Which the game contract passes on unchanged from another contract."""
    from eth_account import Account

    with pytest.raises(ContractLogicError) as raised:
        table.call.addBook(b"\x11" * 64).call({"from": Account.from_key(OWNER).address})
    assert error_name(raised.value) is not None
