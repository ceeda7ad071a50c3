"""Headers, transactions and receipts are encoded as chains hash them."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth_account import Account
from hexbytes import HexBytes
from trie import HexaryTrie

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


INTERNAL = {
    "type": "0x6a",
    "chainId": "0x1237",
    "input": "0x6bf6a42d" + "".join(f"{word:064x}" for word in (0, 0x18E87A1, 0x4C204BB, 0)),
}
"""The first transaction of block 79,824,059 of a chain of Arbitrum's (id 4663), and its hash."""
INTERNAL_HASH = "fc214c19fee15e5d244c4ecefc4f979974f4177bd85d311e2dceba121733d4f8"


def test_the_first_transaction_of_an_arbitrum_block() -> None:
    raw = encode_transaction(INTERNAL)
    read = decode_transaction(raw)
    assert read.hash.hex() == INTERNAL_HASH and read.chain_id == 0x1237 and read.data.hex() == INTERNAL["input"][2:]
    assert read.sender == read.to == "0x00000000000000000000000000000000000A4B05"
    with pytest.raises(KeyError):
        encode_transaction({key: value for key, value in INTERNAL.items() if key != "chainId"})


def test_receipts_of_an_arbitrum_block() -> None:
    """Block 10,001 of a chain of Arbitrum's: the internal transaction, then a transfer. Its receipts root."""
    common = {"status": "0x1", "logsBloom": "0x" + "00" * 256, "logs": []}
    receipts = [
        {**common, "type": "0x6a", "cumulativeGasUsed": "0x0"},
        {**common, "type": "0x2", "cumulativeGasUsed": "0x5208"},
    ]
    trie = HexaryTrie({})
    for index, receipt in enumerate(receipts):
        trie[rlp.encode(index)] = encode_receipt(receipt)
    assert trie.root_hash.hex() == "3b5e9d084dc4a770cd470167568601342aebe33d876f98f0a981f27700234cec"


REAL_DEPOSIT = {
    "type": "0x7e",
    "sourceHash": "0x391329aebfee79dbb200b510b04d8795c891055a887433c20a7392b77b0f2fec",
    "from": "0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001",
    "to": "0x4200000000000000000000000000000000000015",
    "mint": "0x0",
    "value": "0x0",
    "gas": "0xf4240",
    "input": "0x3db6be2b000008dd00101c120000000000000005000000006ac2196700000000018e8792"
    "000000000000000000000000000000000000000000000000000000000be3256b"
    "00000000000000000000000000000000000000000000000000000000008b9262"
    "ae74035a834ae8863310574c2213838e9de36478c4f8c048cf3ea5d3ffcec401"
    "0000000000000000000000005050f69a9786f081509234f1a7f4684b5e5b76c90000000000000000000000000094",
}
"""The first transaction of Base's block 52,158,111, and its hash."""
REAL_DEPOSIT_HASH = "233ace96f255608781596edfe1520000bd25b69b122cc101be3abb6689a85322"


def test_the_first_transaction_of_a_block_of_base() -> None:
    read = decode_transaction(encode_transaction(REAL_DEPOSIT))
    assert read.hash.hex() == REAL_DEPOSIT_HASH and read.sender.lower() == REAL_DEPOSIT["from"]


@pytest.mark.parametrize("kind", ["0x64", "0x65", "0x66", "0x68", "0x69", "0x5"])
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
