"""The text of each record, as older processes wrote it: what is on disk must stay readable."""

from __future__ import annotations

import json
import time

import chess
import pytest
from pydantic import ValidationError

from server.store.records import (
    BALLOT_BYTES,
    CountedVote,
    Cursor,
    Flight,
    Head,
    ProverInfo,
    Purpose,
    Receipt,
    Seat,
    Staker,
    StoredBallot,
    StoredProof,
    chain_time,
)

RECEIPT = {
    "game": 3,
    "seat": 2,
    "ply": 4,
    "move": "e2e4",
    "position": "0x" + "33" * 32,
    "received": 1_700_000_000,
    "relay": "0x" + "11" * 20,
    "signature": "0x" + "22" * 64,
}
TEXTS = [
    (Head, {"number": 7, "time": 1_700_000_000, "seen": 1_700_000_001.5}),
    (Seat, {"account": "0x" + "11" * 20, "voteKey": "0x" + "22" * 20, "stake": str(10**24), "rank": None}),
    (Staker, {"side": "leela", "stake": "5", "seat": None, "voteKey": None}),
    (Staker, {"side": "world", "stake": "5", "seat": 0, "voteKey": "0x" + "22" * 20}),
    (Receipt, RECEIPT),
    (StoredBallot, {"signature": "11" * 64, "receipt": RECEIPT}),
    (StoredProof, {"move": "e7e5", "words": ["0x1"] * 31, "proof": "0xab", "payee": "0x" + "11" * 20, "seconds": 1.5}),
    (
        Flight,
        {
            "purpose": "cast:3:4:2",
            "data": "0x12",
            "gas": 21_000,
            "fee": 10**12,
            "tip": 1,
            "at": 1.5,
            "begun": 1.25,
            "block": 7,
            "hash": "0x" + "22" * 32,
        },
    ),
    (ProverInfo, {"networkHash": "0x11", "verifyingKeyHash": "0x22", "k": 17, "insecure": True}),
]


@pytest.mark.parametrize(("kind", "fields"), TEXTS)
def test_a_record_keeps_its_text(kind: type, fields: dict[str, object]) -> None:
    record = kind.load(json.dumps(fields))
    assert json.loads(record.dump()) == fields
    assert kind.load(record.dump()) == record and kind.load(None) is None


def test_a_cursor_and_a_counted_vote_keep_their_text() -> None:
    cursor = Cursor.load('["ab12cd34", [[7, "0x11"], [8, "0x22"]]]')
    assert cursor == ("ab12cd34", [(7, "0x11"), (8, "0x22")]) and Cursor.load(cursor.dump()) == cursor
    assert Cursor.load(None).blocks == []
    vote = CountedVote.load("12:1804")
    assert vote is not None and (vote.ply, vote.move.uci(), vote.dump()) == (12, "e2e4", "12:1804")
    assert CountedVote.load(None) is None


@pytest.mark.parametrize(
    ("purpose", "text"),
    [
        (Purpose("lobby", 3), "lobby:3"),
        (Purpose("close", 3, 12), "close:3:12"),
        (Purpose("cast", 3, 12, 0), "cast:3:12:0"),
    ],
)
def test_a_purpose_and_its_text(purpose: Purpose, text: str) -> None:
    assert str(purpose) == text and Purpose.parse(text) == purpose


@pytest.mark.parametrize("text", ["", "cast", "steal:3", "cast:3:1:2:4", "move:x"])
def test_what_is_no_purpose(text: str) -> None:
    with pytest.raises(ValueError):
        Purpose.parse(text)


def test_which_transactions_carry_ballots_of_a_ply() -> None:
    assert Purpose("cast", 3, 12, 7).casts(3, 12)
    for other in (Purpose("cast", 3, 1, 2), Purpose("cast", 31, 2, 0), Purpose("close", 3, 12)):
        assert not other.casts(3, 12)


def test_a_packed_ballot_is_as_long_as_the_contract_takes_it() -> None:
    packed = StoredBallot(signature="11" * 64, receipt=Receipt(**RECEIPT)).packed()
    assert packed == (2).to_bytes(4, "big") + (1804).to_bytes(2, "big") + b"\x11" * 64
    assert len(packed) == BALLOT_BYTES and chess.Move.from_uci("e2e4")


def test_a_damaged_record_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Seat.load('{"account": "0x"}')


def test_the_chains_clock_goes_on_between_blocks() -> None:
    now = time.time()
    assert chain_time(Head(number=1, time=1000, seen=now - 5)) in (1005, 1006)
    assert chain_time(Head(number=1, time=1000, seen=now + 60)) == 1000, "a wall clock that was set back"
    assert abs(chain_time(None) - now) < 2
