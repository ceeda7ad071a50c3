"""A record in which anything was changed is refused: nothing in it is believed for its own sake."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from server.checks.audit import events, evidence
from server.checks.audit.encoding import decode_receipt
from server.checks.audit.record import Record
from server.checks.audit.tied import FindingError
from tests.server.checks.audit.support import Change, check


def flip(text: str, byte: int) -> str:
    data = bytearray.fromhex(text[2:])
    data[byte] ^= 1
    return "0x" + data.hex()


def emitting(record: Record, name: str) -> Any:
    """The first transaction that emitted an event."""
    for entry in record["transactions"]:
        for log in decode_receipt(bytes.fromhex(entry["receipt"]["raw"][2:])).logs:
            decoded = events.decode(log)
            if decoded is not None and decoded[0] == name:
                return entry
    raise AssertionError(f"no {name}")


def proven(record: Record) -> Any:
    """The transaction of a move of the network: the one with the longest input."""
    return max(record["transactions"], key=lambda entry: len(entry["transaction"]["raw"]))


def change_proof(record: Record) -> None:
    part = proven(record)["transaction"]
    part["raw"] = flip(part["raw"], -80)


def change_nodes(record: Record) -> None:
    part = proven(record)["transaction"]
    part["proof"][-1] = flip(part["proof"][-1], -80)


def change_both(record: Record) -> None:
    change_proof(record)
    change_nodes(record)


def change_receipt(record: Record) -> None:
    part = emitting(record, "VoteClosed")["receipt"]
    part["raw"] = flip(part["raw"], -1)


def change_header(record: Record) -> None:
    number = str(emitting(record, "Moved")["block"])
    record["headers"][number] = flip(record["headers"][number], 40)


def change_anchor(record: Record) -> None:
    record["anchor"] = flip(record["anchor"], 0)


def change_code(record: Record) -> None:
    part = record["accounts"][record["contract"]]
    part["code"] = flip(part["code"], 5)


def change_account(record: Record) -> None:
    part = record["accounts"][record["contract"]]
    part["proof"][-1] = flip(part["proof"][-1], -1)


def change_storage(record: Record) -> None:
    slot = max(record["storage"])
    record["storage"][slot][-1] = flip(record["storage"][slot][-1], -1)


def change_creation(record: Record) -> None:
    part = record["creation"]["transaction"]
    part["raw"] = flip(part["raw"], 500)


def another_creation(record: Record) -> None:
    record["creation"] = {name: proven(record)[name] for name in ("block", "index", "transaction")}


def change_chain(record: Record) -> None:
    record["chainId"] = 10


def change_game(record: Record) -> None:
    record["game"] = 1


def change_contract(record: Record) -> None:
    record["contract"] = "0x" + "12" * 20


def drop_transaction(record: Record) -> None:
    record["transactions"].remove(emitting(record, "BallotsCast"))


def drop_last_claim(record: Record) -> None:
    record["transactions"].pop()


def drop_creation_of_game(record: Record) -> None:
    record["transactions"].remove(emitting(record, "GameCreated"))


def repeat_transaction(record: Record) -> None:
    record["transactions"].append(copy.deepcopy(record["transactions"][-1]))


def reorder(record: Record) -> None:
    record["transactions"].reverse()


def another_index(record: Record) -> None:
    proven(record)["index"] = 1


def no_headers(record: Record) -> None:
    record["headers"].clear()


def newer_header(record: Record) -> None:
    record["headers"]["999999"] = record["headers"][max(record["headers"], key=int)]


def no_hex(record: Record) -> None:
    record["transactions"][0]["receipt"]["raw"] = "0xzz"


def no_form(record: Record) -> None:
    record["transactions"][0] = {"block": 1}


CHANGES: list[Change] = [
    *(change_proof, change_nodes, change_both, change_receipt, change_header, change_anchor, change_code),
    *(change_account, change_storage, change_creation, another_creation, change_chain, change_game, change_contract),
    *(drop_transaction, drop_last_claim, drop_creation_of_game, repeat_transaction, reorder, another_index),
    *(no_headers, newer_header, no_hex, no_form),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_found(record: Record, change: Change) -> None:
    changed = copy.deepcopy(record)
    change(changed)
    result = check(changed)
    assert result["exitCode"] == 1 and not result["ok"] and len(result["problems"]) == 1


def test_a_change_in_any_header_is_found(record: Record) -> None:
    """Blocks without an event of the game lie between those of the game: all headers hang together nevertheless."""
    numbers = sorted(map(int, record["headers"]))
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    for number in numbers:
        header = record["headers"][str(number)]
        for byte in range(0, len(header) // 2 - 1, 29):
            changed = {**record, "headers": {**record["headers"], str(number): flip(header, byte)}}
            with pytest.raises(FindingError):
                evidence.check(changed)


def test_headers_that_nothing_ties_are_listed(record: Record) -> None:
    """Without a header between them, what was changed before it cannot be told from what was not."""
    numbers = sorted(map(int, record["headers"]))
    gap = next(number for number in numbers[1:] if all(entry["block"] != number for entry in record["transactions"]))
    headers = {number: header for number, header in record["headers"].items() if number != str(gap)}
    result = check({**record, "headers": headers})
    assert result["exitCode"] == 2 and any("no headers between" in text for text in result["unchecked"])
    headers[str(numbers[0])] = flip(headers[str(numbers[0])], 40)  # contradicts the next header
    assert check({**record, "headers": headers})["exitCode"] == 1
