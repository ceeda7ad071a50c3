"""A game in bad weather: reorganisations, lost read models and restarts at random, and the game comes to its end."""

from __future__ import annotations

import random

import pytest

from server.processes.indexer import Indexer
from tests.server.processes.test_indexer import model, model_read_anew
from tests.server.processes.test_relay import receive
from tests.server.table import ETHER, RELAY, Table


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_a_game_in_bad_weather(table: Table, seed: int) -> None:
    weather = random.Random(seed)
    game, voters = table.start(3 * ETHER, 2 * ETHER, ETHER, maxPly=12)
    settled = table.chain.head().number
    table.mine(3)
    for _ in range(400):
        summary = table.chain.summary(game)
        if summary.state == "over":
            break
        if summary.state == "vote":
            move = weather.choice([move.uci() for move in summary.position.unpack().legal_moves])
            receive(table, game, voters, move, move, move)
        elif summary.state == "prove":
            table.prove(game)
        chance = weather.random()
        if chance < 0.15:
            depth = min(weather.randint(1, 3), table.chain.head().number - settled)
            if depth:
                table.rpc("anvil_reorg", depth, [])
        elif chance < 0.2:
            for name in table.redis.scan_iter(match=table.names.prefix + "*"):
                if ":ballots:" not in name and ":proof:" not in name and ":sent:" not in name:
                    table.redis.delete(name)
            table.indexer = Indexer(table.chain, table.redis, table.names)
        elif chance < 0.25:
            table.redis.delete(table.names.leader, table.names.indexer)
            table.relay = table.new_relay(RELAY)
            table.indexer = Indexer(table.chain, table.redis, table.names)
        for _ in range(weather.randint(0, 3)):
            weather.choice([table.indexer.step, table.relay.step])()
    assert table.chain.summary(game).state == "over"
    while table.indexer.step():
        pass
    document, summary = table.document(game), table.chain.summary(game)
    assert (document["state"], document["reason"]) == ("over", "maxPly")
    assert document["ply"] == summary.position.ply == len(document["moves"]) == 12
    assert document["positionKey"] == summary.position.key
    assert [move["by"] for move in document["moves"]] == ["world", "leela"] * 6
    before = model(table, game)
    assert model_read_anew(table, game) == before
