"""For how many ballots the relay promises to care."""

from __future__ import annotations

import time
from dataclasses import replace

from redis import Redis

from server.processes.pace import day
from server.processes.polling import EVERYBODY, Polling
from server.settings import Settings
from server.store.records import Carriage
from tests.server.table import ETHER, Table


def carriage(table: Table, game: int) -> Carriage:
    found = Carriage.load(table.redis.get(table.names.carriage(game)))
    assert found is not None
    return found


def test_what_is_published_follows_the_vote(table: Table) -> None:
    game, _ = table.start(ETHER, ETHER, minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    summary, said = table.chain.summary(game), carriage(table, game)
    assert (said.ply, said.position_key, said.carried, said.most) == (0, summary.position.key, 0, EVERYBODY)
    assert summary.deadline - 2000 < said.last <= summary.deadline - table.settings.ballot_margin
    assert said.room(said.last - 100) > 100_000 and said.room(said.last) == 0
    assert 0 < table.redis.ttl(table.names.carriage(game)) <= 6


def test_nothing_is_promised_once_the_relay_is_silent(table: Table) -> None:
    game, _ = table.start(minPeriod=1000)
    table.relay.step()
    assert table.redis.pttl(table.names.carriage(game)) <= 6000
    assert table.redis.pttl(table.names.relay) <= 10_000


def test_money_bounds_the_seats(settings: Settings, redis: Redis, table: Table) -> None:
    game, _ = table.start(*[ETHER] * 3, minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    price = table.relay.polling.price
    assert price > 0
    bounded = replace(settings, relay_budget=10**30)
    polling = Polling(table.chain, redis, table.names, bounded)
    polling.boxes, polling.deadlines, polling.price = table.relay.polling.boxes, {game: 2**40}, price
    polling.purse = 16_000 * price * 5
    assert polling.most(game, 0.0) == 5, "what the account holds"
    polling.purse = 10**30
    polling.budget = 16_000 * price * 7
    assert polling.most(game, 0.0) == 7, "what is left of the day's money"
    redis.set(table.names.coin(day(time.time())), str(10**18))
    assert polling.most(game, 0.0) == 0, "it is spent"
    assert polling.most(game, 2.0**40) == 0


def test_a_second_game_shares_what_is_left_of_the_first(table: Table) -> None:
    first, _ = table.start(*[ETHER] * 3, minPeriod=1000, votingPeriod=20_000)
    table.relay.step()
    alone = carriage(table, first).rate
    second, _ = table.start(minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    both = carriage(table, first).rate + carriage(table, second).rate
    assert carriage(table, first).rate < alone and both < 1.01 * max(alone, both)


def test_whether_the_indexer_is_on_the_relays_chain(table: Table) -> None:
    table.mine(5)
    *_, third, second, last = [(number, block.hash) for number in range(1, 6) if (block := table.chain.block(number))]
    head, polling = table.chain.head(), table.relay.polling
    before = table.chain.block(second[0])
    other = (last[0], "0x" + 32 * "00")
    assert before is not None
    assert polling._on_chain([third, second, last], head)
    assert polling._on_chain([third], head), "it is behind"
    assert polling._on_chain([third, second, last], before), "it is ahead: the relay's node lags"
    assert not polling._on_chain([third, second, other], head), "it is on another chain"
    assert not polling._on_chain([third, other], before), "what its chain has between, nobody knows"
    assert not polling._on_chain([], head)
