from __future__ import annotations

from typing import Any

import chess
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from engine.encoding import pack_move
from server.processes.indexer import SHAPE, Indexer
from server.settings import SettingsError
from server.store.records import Cursor, Seat, Staker, pack_ballot
from tests.server.table import ETHER, RELAY, Table, Voter, deploy_game, run_anvil


def model(table: Table, game: int) -> list[Any]:
    """All that the read model holds of a game."""
    keys, redis = table.names, table.redis
    return [
        redis.get(keys.game(game)),
        *(redis.hgetall(name(game)) for name in (keys.seats, keys.accounts, keys.voted, keys.votes)),
    ]


def vote(table: Table, game: int, voters: list[Any], *moves: str) -> None:
    """Votes on chain, by the accounts themselves."""
    for voter, uci in zip(voters, moves, strict=True):
        body = table.sign(voter, game, uci)
        packed = pack_ballot(voter.seat, pack_move(chess.Move.from_uci(uci)), bytes.fromhex(body["signature"][2:]))
        table.send(RELAY, table.call.castBallots(game, body["ply"], packed))


def model_read_anew(table: Table, game: int) -> list[Any]:
    """What another indexer makes of the chain when Redis has lost everything."""
    table.redis.flushall()
    indexer = Indexer(table.chain, table.redis, table.names)
    while indexer.step():
        pass
    return model(table, game)


def follow(table: Table) -> None:
    while table.indexer.step():
        pass


def staker(table: Table, game: int, voter: Voter) -> Staker:
    found = Staker.load(table.redis.hget(table.names.accounts(game), voter.wallet.address.lower()))
    assert found is not None
    return found


def test_a_stake_that_is_withdrawn(table: Table) -> None:
    """The pools shrink, the seat is empty, and who stakes again has another seat, on either side."""
    game = table.new_game(lobbyPeriod=3600)
    first, second = table.stake(game, 2 * ETHER), table.stake(game, ETHER)
    key = "0x" + bytes(first.wallet.key).hex()
    table.send(key, table.call.withdraw(game))
    follow(table)
    document = table.document(game)
    assert (document["pools"]["world"], document["seats"]) == (str(ETHER), 2)
    seats = table.redis.hgetall(table.names.seats(game))
    empty = Seat.load(seats["0"])
    assert empty is not None and empty.stake == 0 and int(empty.vote_key, 16) == 0
    account = staker(table, game, first)
    assert (account.stake, account.seat) == (0, None)
    table.stake(game, ETHER, side=1, key=key)
    again = table.stake(game, 3 * ETHER)
    follow(table)
    account = staker(table, game, first)
    assert (account.side, account.stake, account.seat) == ("leela", ETHER, None)
    assert (second.seat, again.seat) == (1, 2)
    kept = model(table, game)
    assert model_read_anew(table, game) == kept


def test_a_lobby_that_is_extended(table: Table) -> None:
    game = table.new_game(lobbyPeriod=3600)
    table.stake(game, ETHER)
    table.rpc("evm_increaseTime", 3600 - 100)
    table.mine()
    table.stake(game, ETHER)
    follow(table)
    deadline = table.chain.summary(game).deadline
    assert table.document(game)["deadline"] == deadline > table.chain.head().time + 1700


def test_the_document_says_what_the_contract_says(table: Table) -> None:
    game, voters = table.start(3 * ETHER, ETHER, 2 * ETHER, minPeriod=60)
    vote(table, game, voters, "e2e4", "d2d4", "d2d4")
    follow(table)
    document, tally = table.document(game), table.call.tally(game).call()
    summary = table.chain.summary(game)
    assert summary.state == document["state"] == "vote"
    assert (document["deadline"], document["decidableAt"]) == (summary.deadline, summary.decidable_at)
    assert document["pools"] == {"world": str(6 * ETHER), "leela": str(ETHER), "pot": "0", "fund": "0"}
    assert document["positionKey"] == summary.position.key
    ballots = document["vote"]
    # d2d4 (number 1739) and e2e4 (1804) have the same weight: the lower number leads.
    assert [ballots["leader"], ballots["leaderWeight"], ballots["runnerUpWeight"], ballots["castWeight"]] == [
        "d2d4",
        *(str(weight) for weight in tally[1:]),
    ]
    assert [(c["move"], c["ballots"]) for c in ballots["candidates"]] == [("d2d4", 2), ("e2e4", 1)]
    assert table.redis.hgetall(table.names.voted(game)) == {"0": "0:1804", "1": "0:1739", "2": "0:1739"}


def test_a_lost_read_model_is_made_again(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER)
    vote(table, game, voters, "e2e4", "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    before = model(table, game)
    assert model_read_anew(table, game) == before


def test_a_server_with_other_documents_makes_them_again(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    follow(table)
    before = model(table, game)
    table.redis.set(table.names.game(game), '{"of": "an older server"}')
    with monkeypatch.context() as patch:
        patch.setattr("server.processes.indexer.SHAPE", "newer")
        table.indexer.cursor = None
        follow(table)
        assert model(table, game) == before
    table.redis.set(table.names.game(game), '{"of": "the newer server"}')
    table.indexer.cursor = None  # the older server comes back
    follow(table)
    assert model(table, game) == before


def test_a_reorganisation_is_rolled_back(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER)
    before = model(table, game)
    table.mine()
    follow(table)
    vote(table, game, voters, "e2e4", "e2e4")
    follow(table)
    assert model(table, game) != before
    table.rpc("anvil_reorg", 2, [])
    follow(table)
    assert table.call.tally(game).call().castWeight == 0
    assert model(table, game) == before


def test_a_game_that_a_reorganisation_removes(table: Table) -> None:
    table.mine(2)  # anvil forgets the state of blocks that are long past
    follow(table)
    game = table.new_game()
    table.stake(game)
    follow(table)
    assert table.document(game)["seats"] == 1
    table.rpc("anvil_reorg", 3, [])
    follow(table)
    assert model(table, game) == [None, {}, {}, {}, {}]
    assert table.redis.zcard(table.names.games) == table.call.games().call()


def test_a_chain_that_is_behind_after_a_restart(table: Table) -> None:
    game = table.new_game()
    snapshot = table.rpc("evm_snapshot")
    follow(table)
    before = model(table, game)
    table.stake(game)
    follow(table)
    table.rpc("evm_revert", snapshot)
    follow(table)
    assert model(table, game) == before
    table.stake(game)
    follow(table)
    assert table.document(game)["seats"] == 1


def test_a_node_that_lags_is_no_reorganisation(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    before = table.chain.head()
    table.stake(game)
    follow(table)
    cursor = list(table.indexer.cursor or [])
    table.indexer.lag = 60
    table.indexer.level -= 3600  # the chain was quiet for long
    follow(table)
    with monkeypatch.context() as patch:
        patch.setattr(table.chain, "head", lambda: before)
        assert not table.indexer.step()
    assert table.indexer.cursor == cursor and table.document(game)["seats"] == 1
    table.stake(game)
    follow(table)
    assert table.document(game)["seats"] == 2


def test_a_node_that_lags_hides_no_events(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    follow(table)
    for _ in range(3):
        table.stake(game)
    get_logs = table.w3.eth.get_logs
    # What such a node answers to a range that it has not come to.
    monkeypatch.setattr(table.w3.eth, "get_logs", lambda where: get_logs(where) if "blockHash" in where else [])
    follow(table)
    assert table.document(game)["seats"] == 3


@pytest.mark.parametrize("missed", ["GameCreated", "Staked", "Began"])
def test_a_game_with_a_missed_event_is_made_again(table: Table, missed: str) -> None:
    """The games of an older server, which read what a node that lags had."""

    def miss() -> None:
        head = table.chain.head()
        table.indexer.cursor = [*(table.indexer.cursor or []), (head.number, head.hash)]
        table.redis.set(table.names.cursor, Cursor(SHAPE, table.indexer.cursor).dump())

    follow(table)
    game = table.new_game()
    if missed == "GameCreated":
        miss()
    follow(table)
    voter = table.stake(game)
    if missed == "Staked":
        miss()
    follow(table)
    table.send(RELAY, table.call.closeLobby(game))
    table.mine(4)
    follow(table)
    table.send(RELAY, table.call.begin(game))
    if missed == "Began":
        miss()
    follow(table)
    vote(table, game, [voter], "e2e4")
    follow(table)
    assert table.document(game)["vote"]["castWeight"] == str(ETHER)
    after = model(table, game)
    assert model_read_anew(table, game) == after


def test_a_reorganisation_deeper_than_the_memory(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(ETHER, ETHER)
    monkeypatch.setattr("server.processes.indexer.REMEMBERED_BLOCKS", 1)
    table.redis.hset(table.names.ballots(game, 0, "0x00"), "0", "{}")
    table.mine()
    follow(table)
    vote(table, game, voters, "e2e4", "e2e4")
    follow(table)
    table.rpc("anvil_reorg", 2, [])
    follow(table)
    assert table.document(game)["vote"]["castWeight"] == "0"
    assert table.redis.exists(table.names.ballots(game, 0, "0x00"))


def test_a_start_block_after_a_games_creation_is_named(table: Table) -> None:
    game = table.new_game()
    table.mine()
    table.indexer.start = table.chain.head().number
    table.stake(game)
    with pytest.raises(SettingsError, match="START_BLOCK"):
        follow(table)


def test_another_chain_at_the_same_address_is_another_world(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, _ = table.start()
    table.redis.hset(table.names.ballots(game, 0, "0x00"), "0", "{}")
    with run_anvil("--timestamp", "1700000000") as url:
        assert deploy_game(url) == table.settings.contract
        monkeypatch.setattr(table.chain.w3.provider, "endpoint_uri", url)
        follow(table)
        assert table.document(game) == {}
        assert not table.redis.exists(table.names.ballots(game, 0, "0x00"))


def test_a_commit_that_fails_is_done_again_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(ETHER, ETHER)
    vote(table, game, voters, "e2e4", "d2d4")
    commit = table.indexer._commit

    def fail(*_: Any) -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr(table.indexer, "_commit", fail)
    with pytest.raises(RedisConnectionError):
        table.indexer.step()
    monkeypatch.setattr(table.indexer, "_commit", commit)
    follow(table)
    assert table.document(game)["vote"]["castWeight"] == str(2 * ETHER)


def test_of_two_indexers_one_writes(table: Table) -> None:
    game = table.new_game()
    follow(table)
    second = Indexer(table.chain, table.redis, table.names)
    assert not second.step()
    table.stake(game)
    # The first stalls until its lease is gone, the second takes over, and the first's late commit is refused.
    cursor = list(table.indexer.cursor or [])
    table.redis.delete(table.names.indexer)
    while second.step():
        pass
    assert table.document(game)["seats"] == 1
    table.indexer._commit(cursor, {}, None)
    assert table.indexer.cursor is None
    assert table.document(game)["seats"] == 1


def test_a_redis_that_is_some_writes_behind_gets_the_events_again(table: Table) -> None:
    """A replica that became the primary had not had the last writes; the connection was made again unnoticed."""
    game = table.new_game(lobbyPeriod=3600)
    follow(table)
    names = [name for name in table.redis.scan_iter(match=table.names.prefix + "*") if name != table.names.indexer]
    before = {name: table.redis.dump(name) for name in names}
    table.stake(game, ETHER)
    follow(table)
    table.redis.delete(*(set(table.redis.scan_iter(match=table.names.prefix + "*")) - {table.names.indexer}))
    for name, value in before.items():
        table.redis.restore(name, 0, value)
    table.stake(game, 2 * ETHER)
    follow(table)
    table.mine()
    follow(table)
    kept = model(table, game)
    assert table.document(game)["pools"]["world"] == str(3 * ETHER)
    assert model_read_anew(table, game) == kept
