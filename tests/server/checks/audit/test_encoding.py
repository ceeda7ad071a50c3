"""Headers, transactions and receipts are encoded as chains hash them."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from hexbytes import HexBytes

from server.checks.audit.encoding import (
    UnknownFormError,
    created_address,
    decode_header,
    decode_receipt,
    decode_transaction,
    encode_header,
    encode_receipt,
    encode_transaction,
)
from tests.server.scripted import ScriptedGame

KEY = Account.from_key("0x" + "12" * 32)
TO = "0x" + "34" * 20
FEES = {"maxFeePerGas": 7, "maxPriorityFeePerGas": 3}
LIST = [{"address": TO, "storageKeys": ["0x" + "01" * 32]}]
AUTHORIZATION = KEY.sign_authorization({"chainId": 10, "address": TO, "nonce": 2})
SIGNED: dict[str, Any] = {
    "legacy": {"gasPrice": 7, "chainId": 10},
    "legacy without a chain": {"gasPrice": 7},
    "EIP-2930": {"type": 1, "gasPrice": 7, "chainId": 10, "accessList": LIST},
    "EIP-1559": {"type": 2, **FEES, "chainId": 10, "accessList": LIST},
    "EIP-7702": {"type": 4, **FEES, "chainId": 10, "authorizationList": [AUTHORIZATION]},
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_transaction_is_read_from_its_hash(name: str) -> None:
    asked = {"nonce": 5, "gas": 90_000, "to": TO, "value": 11, "data": "0xabcd", **SIGNED[name]}
    signed = KEY.sign_transaction(asked)
    read = decode_transaction(bytes(signed.raw_transaction))
    assert read.hash == signed.hash and read.sender == KEY.address
    assert (read.nonce, int(read.to or "", 16), read.value, read.data) == (5, int(TO, 16), 11, b"\xab\xcd")
    assert read.chain_id == SIGNED[name].get("chainId")


def test_a_creation_has_an_address() -> None:
    signed = KEY.sign_transaction({"nonce": 0, "gas": 90_000, "gasPrice": 7, "value": 0, "data": "0x00", "chainId": 1})
    read = decode_transaction(bytes(signed.raw_transaction))
    assert read.to is None
    # The example of the Ethereum wiki: the first contract of this sender.
    assert created_address("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", 0) == (
        "0xcd234A471b72ba2F1Ccf0A70FCABA648a5eeCD8d"
    )


def test_blocks_of_a_chain(played: ScriptedGame) -> None:
    """Hash and bytes of a real block, its transactions and receipts, from their JSON."""

    def ask(method: str, *params: Any) -> Any:
        return played.w3.provider.make_request(method, list(params))["result"]  # type: ignore[arg-type]

    for number in range(played.w3.eth.block_number + 1):
        block = ask("eth_getBlockByNumber", hex(number), True)
        header = decode_header(encode_header(block))
        assert "0x" + header.hash.hex() == block["hash"] and header.number == number
        assert header.time == int(block["timestamp"], 16)
        for transaction in block["transactions"]:
            raw = encode_transaction(transaction)
            assert "0x" + raw.hex() == ask("debug_getRawTransaction", transaction["hash"])
            read = decode_transaction(raw)
            assert int(read.sender, 16) == int(transaction["from"], 16)
            receipt = decode_receipt(encode_receipt(ask("eth_getTransactionReceipt", transaction["hash"])))
            assert receipt.succeeded


DEPOSIT = {
    "type": "0x7e",
    "sourceHash": "0x" + "0f" * 32,
    "from": "0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001",
    "to": TO,
    "mint": None,
    "value": "0x0",
    "gas": "0xf4240",
    "isSystemTx": False,
    "input": "0x440a5e20",
}


def test_a_deposit_of_the_op_stack_names_its_sender() -> None:
    """optimism/specs, deposits: 0x7e ++ rlp([sourceHash, from, to, mint, value, gas, isSystemTx, data])."""
    read = decode_transaction(encode_transaction(DEPOSIT))
    assert (read.sender.lower(), read.value, read.data) == (DEPOSIT["from"], 0, bytes.fromhex("440a5e20"))
    receipt = {"type": "0x7e", "status": "0x1", "cumulativeGasUsed": "0x1", "logsBloom": "0x" + "00" * 256, "logs": []}
    plain, canyon = encode_receipt(receipt), {**receipt, "depositNonce": "0x2", "depositReceiptVersion": "0x1"}
    assert decode_receipt(plain).succeeded and encode_receipt(canyon)[-2:] == b"\x02\x01"


@pytest.mark.parametrize("kind", ["0x64", "0x6a", "0x5"])
def test_an_unknown_type_is_said_to_be_unknown(kind: str) -> None:
    with pytest.raises(UnknownFormError, match="of type 0x"):
        encode_transaction({"type": kind})
    with pytest.raises(UnknownFormError):
        encode_receipt({"type": kind})


def test_no_signature() -> None:
    asked = {"nonce": 1, "gas": 1, "to": TO, "value": 1, **FEES, "chainId": 1}
    raw = bytearray(KEY.sign_transaction(asked).raw_transaction)
    raw[-32:] = bytes(HexBytes("0x" + "ff" * 32))
    with pytest.raises(ValueError, match="signature"):
        decode_transaction(bytes(raw))
