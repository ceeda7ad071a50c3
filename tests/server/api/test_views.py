from __future__ import annotations

import asyncio
import time

import chess
import httpx
from redis.asyncio import Redis

from server.store.admission import Ballot
from server.store.ballots import BallotBox
from server.store.records import Carriage
from tests.server.table import RECEIPT, Table, serve


def pending(table: Table, game: int) -> int:
    with serve(table) as client:
        return int(client.get(f"/api/v1/games/{game}").json()["vote"]["pending"])


def test_pending_counts_what_was_received_and_is_not_on_the_chain(table: Table) -> None:
    game, voters = table.start(*[10**18] * 4)
    table.relay.step()
    for voter in voters[:3]:
        table.receive(voter, game, "e2e4")
    assert pending(table, game) == 3
    directly = table.call.castBallot(game, 0, 1804)
    table.send("0x" + bytes(voters[3].wallet.key).hex(), directly)  # was not received here
    table.send("0x" + bytes(voters[0].wallet.key).hex(), directly)
    table.indexer.step()
    assert pending(table, game) == 2


def test_pending_after_a_reorganisation(table: Table) -> None:
    game, voters = table.start(*[10**18] * 3)
    table.receive(voters[0], game, "e2e4")
    snapshot = table.rpc("evm_snapshot")
    table.send("0x" + bytes(voters[0].wallet.key).hex(), table.call.castBallot(game, 0, 1804))
    table.indexer.step()
    assert pending(table, game) == 0
    table.rpc("evm_revert", snapshot)
    table.mine(2)
    while table.indexer.step():
        pass
    assert pending(table, game) == 1


def test_a_ballot_stored_after_it_was_counted_is_not_pending(table: Table) -> None:
    """It was admitted before the chain counted the seat's vote; the indexer looked before it was stored."""
    game, voters = table.start(*[10**18] * 2)
    table.send("0x" + bytes(voters[0].wallet.key).hex(), table.call.castBallot(game, 0, 1804))
    table.indexer.step()
    position = table.chain.summary(game).position
    move, ends = chess.Move.from_uci("e2e4"), int(time.time()) + 60
    late = Ballot(game, voters[0].seat, 0, move, position.key, bytes(64), deadline=ends, room=10)

    async def put() -> None:
        redis = Redis.from_url(table.settings.redis_url, decode_responses=True)
        await BallotBox(redis, table.names, table.typed, RECEIPT).put(late)
        await redis.aclose()

    asyncio.run(put())
    assert pending(table, game) == 0


def test_a_filtered_list_goes_on_where_it_stopped(table: Table) -> None:
    numbers = [table.new_game(worldIsWhite=white) for white in (True, False, True, False, True)]
    table.indexer.step()
    white = [number for number in reversed(numbers) if (number - numbers[0]) % 2 == 0]
    with serve(table) as client:
        path, found = f"/api/v1/games?world=white&limit=2&state=lobby&before={numbers[-1] + 1}", []
        while path is not None and len(found) < 3:
            answer = client.get(path)
            page = answer.json()
            assert answer.headers.get("link") == (None if page["next"] is None else f'<{page["next"]}>; rel="next"')
            found += [card["id"] for card in page["games"] if card["id"] >= numbers[0]]
            assert all(card["world"] == "white" and card["state"] == "lobby" for card in page["games"])
            path = page["next"]
        assert found == white
        assert client.get("/api/v1/games?outcome=world").json()["games"] == []
        assert client.get("/api/v1/games?state=asleep").status_code == 422
        assert client.get("/api/v1/games?before=0").json() == {"games": [], "series": None, "next": None}


def test_ballots_are_taken_until_the_moment_that_binds(table: Table) -> None:
    game, _ = table.start(minPeriod=1000, votingPeriod=2000)
    deadline = table.chain.summary(game).deadline

    def until(client: httpx.Client) -> int:
        return int(client.get(f"/api/v1/games/{game}").json()["ballotsUntil"])

    with serve(table) as client:
        assert until(client) == deadline - table.settings.ballot_margin, "no relay has said anything yet"
        table.relay.step()
        name = table.names.carriage(game)
        said = Carriage.load(table.redis.get(name))
        assert said is not None
        table.redis.set(name, said.model_copy(update={"last": deadline - 300}).dump())
        time.sleep(1.1)  # the age of a copy
        assert until(client) == deadline - 300, "the chain is slow"
        table.redis.set(name, said.model_copy(update={"last": deadline - 300, "ply": 9}).dump())
        time.sleep(1.1)
        assert until(client) == deadline - table.settings.ballot_margin, "that was of another vote"


def test_watchers_hear_when_the_end_of_ballots_moves(table: Table) -> None:
    game, _ = table.start(minPeriod=1000, votingPeriod=2000)
    table.relay.step()
    polling, version = table.relay.polling, table.names.version(game)
    told = int(table.redis.get(version))
    for delay, news in ((0.0, 0), (0.0, 0), (100.0, 1), (100.0, 1)):
        polling.published = (float("-inf"), [])
        polling.publish(table.chain.head(), time.time(), delay)
        assert int(table.redis.get(version)) == told + news
