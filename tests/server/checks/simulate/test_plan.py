from __future__ import annotations

import random
from collections import Counter

import chess
import pytest

from server.chain import deploy
from server.checks.simulate import plan
from server.checks.simulate.plan import choose
from server.model.position import Position
from server.model.signing import Typed, recover


@pytest.mark.parametrize(
    ("fen", "move"),
    [
        ("6k1/5ppp/8/8/8/8/K7/3R3q w - - 0 1", "d1d8"),  # mate before the queen
        ("4k3/8/8/3q1p2/4P3/8/8/4K3 w - - 0 1", "e4d5"),  # the queen before the pawn
        ("8/P6k/8/8/8/8/8/K7 w - - 0 1", "a7a8q"),
        ("4k3/8/8/8/Pp6/8/8/4K3 b - a3 0 1", "b4a3"),  # en passant
    ],
)
def test_a_voter_looks_one_ply_ahead(fen: str, move: str) -> None:
    assert choose(chess.Board(fen), random.Random(1)).uci() == move


def test_the_same_seed_makes_the_same_crowd_on_both_sides() -> None:
    one, again, other = plan.wallets(20, 1), plan.wallets(20, 1), plan.wallets(20, 2)
    assert [(wallet.account.address, wallet.stake) for wallet in one] == [
        (wallet.account.address, wallet.stake) for wallet in again
    ]
    assert not {wallet.account.address for wallet in one} & {wallet.account.address for wallet in other}
    for voters in (2, 20, 1000):
        crowd = plan.wallets(voters, 1)
        assert {wallet.side for wallet in crowd} == {"world", "leela"}
        assert sum(wallet.stake for wallet in crowd) <= 8 * deploy.ETHER, "the faucet gives ten"


def test_most_seats_agree() -> None:
    moves = Counter(plan.vote(1, 4, seat, chess.Board()) for seat in range(300))
    assert moves.most_common(1)[0][1] > 180


def test_a_ballot_is_signed_as_the_contract_wants_it() -> None:
    """Whose digest the server computes in another way."""
    (wallet, *_), position = plan.wallets(2, 1), Position.pack(chess.Board(), 0)
    wallet.seat = 3
    contract = "0x" + "12" * 20
    document = {"id": 5, "ply": 6, "chainId": 31337, "contract": contract, "positionKey": position.key}
    body = plan.ballot(wallet, document, chess.Move.from_uci("e2e4"))
    digest = Typed(31337, contract).ballot(5, 6, 1804, position.key)
    assert recover(digest, bytes.fromhex(body.pop("signature")[2:])) == wallet.vote_key.address.lower()
    assert body == {"seat": 3, "ply": 6, "move": "e2e4"}
