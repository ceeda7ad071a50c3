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
from server.store.admission import BallotError, Polls, admit, capacity
from server.store.records import CountedVote, Seat

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
POLLS = Polls(game=GAME, seat=SEAT, counted=None, received=False, relay="", now=900)


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
        "relay_gas": 30_000_000,
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
        (replace(POLLS, seat=SEAT.model_copy(update={"rank": capacity(30_000_000)})), "budget"),
    ],
)
def test_what_is_refused(polls: Polls, expected: str) -> None:
    assert code(polls) == expected


@pytest.mark.parametrize("uci", ["e2e5", "e7e5", "e1g1", "a1a1", "e2e4q", "", "0000"])
def test_a_move_that_is_not_legal(uci: str) -> None:
    assert code(POLLS, **{"uci": "e2e4"} | {"signature": b"\x11" * 64}) == "signature"
    with pytest.raises(BallotError) as raised:
        admit(POLLS, TYPED, **ballot() | {"uci": uci})
    assert raised.value.code == "illegal"


def test_just_in_time() -> None:
    assert admit(replace(POLLS, now=984), TYPED, **ballot())
    assert admit(replace(POLLS, counted=CountedVote(4, 1804)), TYPED, **ballot()), "it voted two plies ago"
    last = SEAT.model_copy(update={"rank": capacity(30_000_000) - 1})
    assert admit(replace(POLLS, seat=last), TYPED, **ballot())


def test_who_has_a_receipt_may_ask_for_it_again_but_only_with_the_vote_key() -> None:
    late = replace(POLLS, received=True, now=2000, relay=None, counted=CountedVote(6, 1804))
    assert admit(late, TYPED, **ballot())
    assert code(late, signature=b"\x11" * 64) == "signature"
