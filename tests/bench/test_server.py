"""A small crowd on a whole server: what is acknowledged is counted, and the result says what a reader needs."""

from __future__ import annotations

import random

import chess
import pytest

from bench import crowd, load
from bench.server import bench_server, verdict
from server.model.position import Position
from server.model.signing import Typed, recover


@pytest.mark.slow
def test_a_crowds_ballots_are_counted() -> None:
    result = bench_server(wallets=150, block_time=1, vote=40, streams=10)
    print(result)
    assert result["acknowledged"] + sum(result["refused"].values()) == 150
    assert result["lost"] == 0 and result["counted"] == result["acknowledged"] > 100
    assert result["wasted_gas"] == 0 and result["gas_per_ballot"] < 20_000
    assert result["streams"]["open"] == 10 and result["streams"]["updates"] > 0
    assert set(result["processor_seconds"]) == {"redis", "chain", "indexer", "api", "relay", "load generator"}


def test_a_ballot_that_was_not_counted_as_acknowledged_is_lost() -> None:
    answers = load.Answers()
    for seat, uci in enumerate(("e2e4", "d2d4", "g1f3")):
        answers.acknowledged[seat] = {"receipt": {"ply": 0, "seat": seat, "move": uci}}
    moves = {(0, 0): 1804, (0, 1): 1804}
    assert verdict(answers, moves, crowd.Costs())["lost"] == 2


def test_ballots_are_signed_by_each_wallets_own_key() -> None:
    wallets, position = crowd.make_wallets(3, 1), Position.pack(chess.Board(), 0)
    assert len({wallet.vote_address for wallet in wallets}) == 3
    typed = Typed(31337, "0x" + "22" * 20)
    digest = typed.ballot(0, 0, 1804, position.key)
    assert recover(digest, crowd.sign(wallets[1].key, digest)) == wallets[1].vote_address
    bodies = crowd.ballots(typed, 0, position, wallets, random.Random(1))
    assert bodies == crowd.ballots(typed, 0, position, wallets, random.Random(1))
