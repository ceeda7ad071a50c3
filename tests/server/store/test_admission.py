"""Every rule of admission, each with the smallest change that breaks it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import chess
import pytest
from eth_account import Account

from engine.encoding import pack_move
from server.chain.deploy import DEMO_TERMS
from server.model.game import Game, Pools, Terms
from server.model.position import Position
from server.model.signing import Typed, compact
from server.store.admission import BallotError, Polls, admit
from server.store.records import Carriage, CountedVote, Seat

VOTE_KEY, CONTRACT = Account.from_key("0x" + "11" * 32), "0x" + "22" * 20
TYPED = Typed(31337, CONTRACT)
POSITION = Position.pack(chess.Board(), 0)
GAME = Game(
    id=3,
    chain_id=31337,
    contract=CONTRACT,
    state="vote",
    terms=Terms.model_validate(dict(DEMO_TERMS)),
    creator=CONTRACT,
    pools=Pools(),
    fen=POSITION.fen,
    ply=6,
    world="white",
    position_key=POSITION.key,
    deadline=1000,
    created=1,
    block=2,
    since=3,
)
SEAT = Seat(account=CONTRACT, vote_key=VOTE_KEY.address, stake=5, rank=0)
CARRIAGE = Carriage(ply=6, position_key=POSITION.key, carried=10, rate=2.5, last=980, most=20)
POLLS = Polls(game=GAME, seat=SEAT, counted=None, received=False, relay="", carriage=CARRIAGE, now=900)


def ballot(uci: str = "e2e4", **changes: Any) -> dict[str, Any]:
    digest = TYPED.ballot(3, 6, pack_move(chess.Move.from_uci(uci)), POSITION.key)
    signature = compact(VOTE_KEY.unsafe_sign_hash(digest))
    given = {
        "number": 3,
        "seat": 7,
        "ply": 6,
        "uci": uci,
        "signature": signature,
        "margin": 15,
    }
    return {**given, **changes}


def code(polls: Polls, **changes: Any) -> str:
    with pytest.raises(BallotError) as raised:
        admit(polls, TYPED, **ballot(**changes))
    assert raised.value.detail and 400 <= raised.value.status < 600
    return raised.value.code


def test_a_good_ballot_is_admitted() -> None:
    admitted = admit(POLLS, TYPED, **ballot())
    assert (admitted.game, admitted.seat, admitted.ply, admitted.move.uci()) == (3, 7, 6, "e2e4")
    assert (admitted.position_key, admitted.deadline) == (POSITION.key, 1000)


def other(**changes: Any) -> Polls:
    return replace(POLLS, game=GAME.model_copy(update=changes))


def carrying(**changes: Any) -> Polls:
    return replace(POLLS, carriage=CARRIAGE.model_copy(update=changes))


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        (replace(POLLS, game=None), "game"),
        (replace(POLLS, seat=None), "seat"),
        (other(state="prove"), "not-voting"),
        (other(state="over", fen=None, position_key=None), "not-voting"),
        (other(ply=7), "wrong-ply"),
        (other(position_key="0x" + "44" * 32), "signature"),
        (replace(POLLS, seat=SEAT.model_copy(update={"vote_key": CONTRACT})), "signature"),
        (replace(POLLS, counted=CountedVote(6, 1804)), "voted"),
        (replace(POLLS, now=985), "closed"),
        (replace(POLLS, relay=None), "relay"),
        (replace(POLLS, relay="the relay needs funds"), "relay"),
        (replace(POLLS, seat=SEAT.model_copy(update={"rank": None})), "budget"),
        (replace(POLLS, seat=SEAT.model_copy(update={"rank": 20})), "budget"),
        (replace(POLLS, carriage=None), "relay"),
        (carrying(ply=4), "relay"),
        (carrying(position_key="0x" + "44" * 32), "relay"),
        (carrying(carried=0, rate=0), "full"),
        (replace(POLLS, now=980), "closed"),
    ],
)
def test_what_is_refused(polls: Polls, expected: str) -> None:
    assert code(polls) == expected


@pytest.mark.parametrize(
    ("polls", "seconds"),
    [(replace(POLLS, relay=None), 5), (replace(POLLS, carriage=None), 1), (carrying(ply=4), 1)],
)
def test_a_vote_that_just_opened_is_tried_again_at_once(polls: Polls, seconds: int) -> None:
    with pytest.raises(BallotError) as raised:
        admit(polls, TYPED, **ballot())
    assert raised.value.retry_after == seconds


@pytest.mark.parametrize("uci", ["e2e5", "e7e5", "e1g1", "a1a1", "e2e4q", "", "0000"])
def test_a_move_that_is_not_legal(uci: str) -> None:
    assert code(POLLS, **{"uci": "e2e4"} | {"signature": b"\x11" * 64}) == "signature"
    with pytest.raises(BallotError) as raised:
        admit(POLLS, TYPED, **ballot() | {"uci": uci})
    assert raised.value.code == "illegal"


def test_just_in_time() -> None:
    assert admit(replace(POLLS, now=979), TYPED, **ballot())
    assert admit(replace(POLLS, counted=CountedVote(4, 1804)), TYPED, **ballot()), "it voted two plies ago"
    last = SEAT.model_copy(update={"rank": 19})
    assert admit(replace(POLLS, seat=last), TYPED, **ballot())


def test_there_is_room_for_what_is_counted_and_what_the_time_allows() -> None:
    assert admit(POLLS, TYPED, **ballot()).room == 10 + int(2.5 * 80)
    assert admit(replace(POLLS, now=979), TYPED, **ballot()).room == 10 + 2
    assert CARRIAGE.room(2000) == 10


@pytest.mark.parametrize(("polls", "again"), [(carrying(most=0), None), (carrying(carried=0, rate=0), 5)])
def test_a_refusal_that_will_not_pass_is_no_503(polls: Polls, again: int | None) -> None:
    with pytest.raises(BallotError) as raised:
        admit(polls, TYPED, **ballot())
    assert raised.value.status in (409, 429) and "on chain" in raised.value.detail
    assert raised.value.retry_after == again


def test_who_has_a_receipt_may_ask_for_it_again_but_only_with_the_vote_key() -> None:
    late = replace(POLLS, received=True, now=2000, relay=None, counted=CountedVote(6, 1804))
    assert admit(late, TYPED, **ballot())
    assert code(late, signature=b"\x11" * 64) == "signature"
