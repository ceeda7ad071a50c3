from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from server.chain.reverts import Refused
from server.chain.sender import GAS_LIMIT, Draft, Reverted, Sender
from server.settings import SettingsError
from tests.server.table import ETHER, OTHER_RELAY, Table


@pytest.fixture
def sender(table: Table) -> Sender:
    return Sender(table.w3, OTHER_RELAY, "OTHER_KEY")


def test_what_is_sent_is_mined_with_its_value(table: Table, sender: Sender) -> None:
    game = table.new_game()
    receipt = sender.send(table.call.stake(game, 1, "0x" + "00" * 20), ETHER)
    assert receipt["status"] == 1 and receipt["from"] == sender.address
    assert table.call.stakeOf(game, sender.address).call().amount == ETHER


def test_a_refusal_names_the_key_and_the_contracts_error(table: Table, sender: Sender) -> None:
    call = table.call.begin(10**6)
    with pytest.raises(Refused, match="WrongState"):
        sender.draft(call)
    before = sender.count("pending")
    with pytest.raises(Refused, match=f"OTHER_KEY: the chain refused a transaction of {sender.address}: WrongSt"):
        sender.send(call)
    assert sender.count("pending") == before


def test_a_transaction_that_reverts_is_named(table: Table, sender: Sender) -> None:
    game = table.new_game()
    draft = sender.draft(table.call.stake(game, 1, "0x" + "00" * 20), ETHER)
    with pytest.raises(Reverted, match=r"OTHER_KEY: transaction 0x[0-9a-f]{64} was reverted"):
        sender.send_draft(replace(draft, gas=draft.gas // 2), sender.fees())
    assert table.call.stakeOf(game, sender.address).call().amount == 0


def test_a_key_without_funds_is_a_sentence(table: Table) -> None:
    poor = Sender(table.w3, Account.create().key.to_0x_hex(), "POOR_KEY")
    with pytest.raises(SettingsError, match="POOR_KEY: the chain refused a transaction"):
        poor.send(table.call.stake(table.new_game(), 1, "0x" + "00" * 20), ETHER)


def test_a_draft_has_gas_to_spare_and_never_more_than_a_transaction_may(table: Table, sender: Sender) -> None:
    call = table.call.stake(table.new_game(), 1, "0x" + "00" * 20)
    draft = sender.draft(call, ETHER)
    assert draft.to == table.chain.contract.address and draft.value == ETHER
    assert 21_000 < sender.estimate(call, ETHER) < draft.gas <= GAS_LIMIT
    creation = sender.draft(table.w3.eth.contract(abi=[], bytecode="0x6001600c60003960016000f300").constructor())
    assert creation.to is None


def test_a_signed_transaction_is_bound_to_the_chain(table: Table, sender: Sender) -> None:
    signed = sender.sign(Draft(table.chain.contract.address, "0x", 0, 21_000), 0, sender.fees())
    assert Account.recover_transaction(signed.raw) == sender.address
    other = Sender(table.w3, OTHER_RELAY, "OTHER_KEY")
    other.__dict__["chain_id"] = 10
    assert other.sign(Draft(table.chain.contract.address, "0x", 0, 21_000), 0, sender.fees()).hash != signed.hash
