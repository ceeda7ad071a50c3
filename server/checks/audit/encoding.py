"""Headers, transactions and receipts as chains hash them: RLP (Yellow Paper, appendix B) in EIP-2718 envelopes.

A node answers in JSON. To trust no answer, the audit writes it in the form that was hashed into the block, and reads
all that it uses from that form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from web3 import Web3

Json = Mapping[str, Any]


class UnknownFormError(Exception):
    """A transaction or receipt of a type that this module does not know; nothing is said about its truth."""


# -------------------------------------------------------------------------------------------------------------- headers

HEADER = (
    *("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom"),
    *("difficulty#", "number#", "gasLimit#", "gasUsed#", "timestamp#", "extraData", "mixHash", "nonce"),
    *("baseFeePerGas#", "withdrawalsRoot", "blobGasUsed#", "excessBlobGas#", "parentBeaconBlockRoot", "requestsHash"),
)
"""Fields of a header in order; # marks numbers. Those of the second half of the last lines came with later forks."""


@dataclass(frozen=True)
class Header:
    """What the audit uses of a header."""

    number: int
    hash: bytes
    parent: bytes
    state_root: bytes
    transactions_root: bytes
    receipts_root: bytes
    time: int


def encode_header(block: Json) -> bytes:
    """The RLP of a block's header, from its JSON."""
    return _rlp([_field(block, name) for name in HEADER if block.get(name.rstrip("#")) is not None])


def decode_header(raw: bytes) -> Header:
    """A header from its RLP; its hash is computed. Raises ValueError or rlp's errors for anything else."""
    fields = rlp.decode(raw)
    if len(fields) < 15:
        raise ValueError("not a header")
    return Header(
        number=_number(fields[8]),
        hash=keccak(raw),
        parent=fields[0],
        state_root=fields[3],
        transactions_root=fields[4],
        receipts_root=fields[5],
        time=_number(fields[11]),
    )


# --------------------------------------------------------------------------------------------------------- transactions

TRANSACTIONS: Mapping[int, tuple[str, ...]] = {
    0: ("nonce#", "gasPrice#", "gas#", "to", "value#", "input"),
    1: ("chainId#", "nonce#", "gasPrice#", "gas#", "to", "value#", "input", "accessList"),
    2: (
        *("chainId#", "nonce#", "maxPriorityFeePerGas#", "maxFeePerGas#", "gas#", "to", "value#", "input"),
        "accessList",
    ),
    3: (
        *("chainId#", "nonce#", "maxPriorityFeePerGas#", "maxFeePerGas#", "gas#", "to", "value#", "input"),
        *("accessList", "maxFeePerBlobGas#", "blobVersionedHashes"),
    ),
    4: (
        *("chainId#", "nonce#", "maxPriorityFeePerGas#", "maxFeePerGas#", "gas#", "to", "value#", "input"),
        *("accessList", "authorizationList"),
    ),
    0x6A: ("chainId#", "input"),
    0x7E: ("sourceHash", "from", "to", "mint#", "value#", "gas#", "isSystemTx#", "input"),
}
"""Fields by transaction type, in order, without the signature: legacy, EIP-2930, 1559, 4844, 7702, and two that nobody
signs: Arbitrum's internal one, the first of each of its blocks, and the OP Stack's deposit, whose sender is a field.

Not here are Arbitrum's other types (0x64 deposit, 0x65 unsigned, 0x66 contract, 0x68 retry, 0x69 submit retryable): no
real one with its JSON was at hand to check a form by. The audit lists a block that holds one as unchecked."""
INTERNAL, DEPOSIT = 0x6A, 0x7E
ARBOS = "0x00000000000000000000000000000000000A4B05"
"""From and to of Arbitrum's internal transactions."""


@dataclass(frozen=True)
class Transaction:
    """What the audit uses of a transaction. `sender` comes from the signature; `chain_id` is None if unsigned."""

    hash: bytes
    chain_id: int | None
    sender: str
    nonce: int
    to: str | None
    value: int
    data: bytes


def encode_transaction(transaction: Json) -> bytes:
    """A transaction as its hash and the block's root commit to it. Raises UnknownFormError."""
    kind = int(transaction.get("type") or "0x0", 16)
    if kind not in TRANSACTIONS:
        raise UnknownFormError(f"a transaction of type {kind:#x}")
    fields = [_transaction_field(transaction, name) for name in TRANSACTIONS[kind]]
    if kind in (INTERNAL, DEPOSIT):
        return bytes([kind]) + _rlp(fields)
    parity = "v" if kind == 0 else "yParity" if transaction.get("yParity") is not None else "v"
    fields += [_quantity(transaction[name]) for name in (parity, "r", "s")]
    return (b"" if kind == 0 else bytes([kind])) + _rlp(fields)


def decode_transaction(raw: bytes) -> Transaction:
    """A transaction from its form in the block. Raises UnknownFormError, or ValueError if nobody signed it."""
    kind = 0 if raw[0] >= 0xC0 else raw[0]
    if kind not in TRANSACTIONS:
        raise UnknownFormError(f"a transaction of type {kind:#x}")
    fields = rlp.decode(raw if kind == 0 else raw[1:])
    named = dict(zip((name.rstrip("#") for name in TRANSACTIONS[kind]), fields, strict=False))
    chain_id = _number(named["chainId"]) if "chainId" in named else None
    if kind == 0 and _number(fields[6]) >= 35:  # EIP-155
        chain_id = (_number(fields[6]) - 35) // 2
    if kind == INTERNAL:
        return Transaction(keccak(raw), chain_id, ARBOS, 0, ARBOS, 0, named["input"])
    return Transaction(
        hash=keccak(raw),
        chain_id=chain_id,
        sender=address(named["from"]) if kind == DEPOSIT else _sender(kind, fields),
        nonce=_number(named.get("nonce", b"")),
        to=address(named["to"]) if named["to"] else None,
        value=_number(named["value"]),
        data=named["input"],
    )


def _sender(kind: int, fields: Sequence[Any]) -> str:
    v, r, s = (_number(field) for field in fields[-3:])
    if kind == 0:
        protected = v >= 35  # EIP-155: the chain id is signed, and is in v
        parity = (v - 35) % 2 if protected else v - 27
        signed = _rlp([*fields[:-3], *([_bytes((v - 35) // 2), b"", b""] if protected else [])])
    else:
        parity, signed = v, bytes([kind]) + _rlp(fields[:-3])
    try:
        key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(keccak(signed))
    except Exception as error:  # eth_keys has several; each of them means that this is no signature
        raise ValueError(f"the transaction's signature is none ({error})") from None
    return str(key.to_checksum_address())


# ------------------------------------------------------------------------------------------------------------- receipts


@dataclass(frozen=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    succeeded: bool
    logs: tuple[Log, ...]


def encode_receipt(receipt: Json) -> bytes:
    """A receipt as the block's root commits to it. Raises UnknownFormError."""
    kind = int(receipt.get("type") or "0x0", 16)
    if kind not in TRANSACTIONS:
        raise UnknownFormError(f"a receipt of type {kind:#x}")
    logs = [
        [_data(log["address"]), [_data(topic) for topic in log["topics"]], _data(log["data"])]
        for log in receipt["logs"]
    ]
    outcome = _quantity(receipt["status"]) if receipt.get("status") is not None else _data(receipt["root"])
    fields = [outcome, _quantity(receipt["cumulativeGasUsed"]), _data(receipt["logsBloom"]), logs]
    if kind == DEPOSIT and receipt.get("depositReceiptVersion") is not None:  # the OP Stack's Canyon fork
        fields += [_quantity(receipt["depositNonce"]), _quantity(receipt["depositReceiptVersion"])]
    return (b"" if kind == 0 else bytes([kind])) + _rlp(fields)


def decode_receipt(raw: bytes) -> Receipt:
    """A receipt from its form in the block. Raises rlp's errors for anything else."""
    fields = rlp.decode(raw if raw[0] >= 0xC0 else raw[1:])
    logs = tuple(Log(address(place), tuple(topics), data) for place, topics, data in fields[3])
    return Receipt(succeeded=fields[0] == b"\x01", logs=logs)


# ------------------------------------------------------------------------------------------------------------- elements


def address(raw: bytes) -> str:
    """20 bytes as a checksummed address. Raises ValueError for another length."""
    if len(raw) != 20:
        raise ValueError(f"{len(raw)} bytes are no address")
    return str(Web3.to_checksum_address(raw))


def created_address(sender: str, nonce: int) -> str:
    """The address of the contract that a transaction creates (Yellow Paper, section 7)."""
    return address(keccak(_rlp([_data(sender), _bytes(nonce)]))[12:])


def _transaction_field(transaction: Json, name: str) -> Any:
    if name == "accessList":
        return [[_data(entry["address"]), [_data(key) for key in entry["storageKeys"]]] for entry in transaction[name]]
    if name == "blobVersionedHashes":
        return [_data(entry) for entry in transaction[name]]
    if name == "authorizationList":
        return [
            [
                *(_quantity(entry["chainId"]), _data(entry["address"]), _quantity(entry["nonce"])),
                *(_quantity(entry["yParity"]), _quantity(entry["r"]), _quantity(entry["s"])),
            ]
            for entry in transaction[name]
        ]
    if name == "to" and transaction.get("to") is None:
        return b""
    if name in ("mint#", "isSystemTx#"):
        return _quantity(transaction.get(name.rstrip("#")) or 0)
    return _field(transaction, name)


def _field(source: Json, name: str) -> bytes:
    return _quantity(source[name[:-1]]) if name.endswith("#") else _data(source[name])


def _rlp(fields: Any) -> bytes:
    return bytes(rlp.encode(fields))


def _data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _quantity(value: str | int) -> bytes:
    return _bytes(int(value, 16) if isinstance(value, str) else int(value))


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
