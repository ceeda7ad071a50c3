from __future__ import annotations

import contextlib
from typing import Any

import chess
import pytest
from web3.contract.contract import ContractFunction
from web3.exceptions import Web3RPCError

from engine.encoding import pack_move
from server.chain.reverts import Refused
from server.model.game import ballots
from server.processes import polling
from server.processes.box import Box, ballots_in
from server.processes.pace import BALLOT_GAS
from server.processes.relay import Relay
from server.store.records import Purpose
from tests.server.table import ETHER, OTHER_RELAY, RELAY, Table, Voter


def receive(table: Table, game: int, voters: list[Voter], *moves: str) -> None:
    """Keeps ballots as the api does."""
    for voter, uci in zip(voters, moves, strict=True):
        table.receive(voter, game, uci)


def cast_alone(table: Table, voter: Voter, game: int, uci: str) -> None:
    """The account votes on chain itself."""
    table.send(
        "0x" + bytes(voter.wallet.key).hex(), table.call.castBallot(game, 0, pack_move(chess.Move.from_uci(uci)))
    )


def transactions(table: Table) -> int:
    return table.w3.eth.get_transaction_count(table.relay.outboxes[0].sender.address)


def test_a_lobby_without_period_closes_at_the_first_world_stake(table: Table) -> None:
    game = table.new_game()
    table.stake(game, ETHER, side=1)
    for _ in range(3):
        table.indexer.step()
        table.relay.step()
    assert table.document(game)["state"] == "lobby"
    table.stake(game)
    table.run(lambda: table.document(game)["state"] == "drawn")


def test_moves_of_the_crowd_and_of_the_network(table: Table) -> None:
    game, voters = table.start(3 * ETHER, ETHER)
    receive(table, game, voters, "e2e4", "d2d4")
    table.run(lambda: table.document(game)["state"] == "prove")
    assert table.document(game)["moves"][0]["move"] == "e2e4"
    move = table.prove(game)
    table.run(lambda: table.document(game)["state"] == "vote")
    played = table.document(game)["moves"][1]
    assert (played["move"], played["by"]) == (move, "leela")
    assert played["proof"]["payee"] == table.settings.payee
    assert played["proof"]["gas"] > 100_000


def test_the_network_moves_for_a_crowd_without_quorum(table: Table) -> None:
    game, voters = table.start(ETHER, 9 * ETHER, quorum=2500, votingPeriod=100)
    receive(table, game, voters[:1], "e2e4")
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)
    assert table.document(game)["state"] == "vote"
    table.rpc("evm_increaseTime", 200)
    table.mine()
    table.run(lambda: table.document(game)["state"] == "prove")
    assert table.document(game)["mover"] == "understudy"
    table.prove(game)
    table.run(lambda: len(table.document(game)["moves"]) == 1)
    assert table.document(game)["moves"][0]["by"] == "understudy"


def test_all_ballots_go_in_one_batch_the_heaviest_first(table: Table) -> None:
    game, voters = table.start(ETHER, 4 * ETHER, 2 * ETHER, minPeriod=1000)
    before = transactions(table)
    receive(table, game, voters, "e2e4", "d2d4", "g1f3")
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 3)
    assert transactions(table) == before + 1
    counted = [event for event in table.chain.events(0, table.chain.head().number, game) if event.name == "BallotsCast"]
    packed = counted[0].args["ballots"]
    assert [int.from_bytes(packed[at : at + 4], "big") for at in (0, 6, 12)] == [1, 2, 0]


def test_a_relay_never_voids_a_game(table: Table) -> None:
    game, voters = table.start(provingPeriod=10)
    receive(table, game, voters, "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    table.rpc("evm_increaseTime", 1000)
    table.mine()
    for _ in range(5):
        table.indexer.step()
        table.relay.step()
    assert table.document(game)["state"] == "prove"
    table.prove(game)
    table.run(lambda: table.document(game)["state"] == "vote")  # late, and it counts


def test_ballots_are_sent_again_after_a_reorganisation(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000)
    table.mine()
    table.run(lambda: table.indexer.cursor[-1][0] == table.chain.head().number if table.indexer.cursor else False)
    receive(table, game, voters, "e2e4", "e2e4")
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 2)
    table.rpc("anvil_reorg", 1, [])
    assert table.call.tally(game).call().castWeight == 0
    table.run(lambda: table.call.tally(game).call().castWeight == 2 * ETHER)


def test_forgotten_ballots_are_sent_again_while_the_indexer_sees_nothing(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER, ETHER, minPeriod=1000)
    table.mine()
    for voter, block in zip(voters, (1, 2, 3), strict=True):
        receive(table, game, [voter], "e2e4")
        table.run(lambda block=block: table.redis.hlen(table.names.voted(game)) == block)  # type: ignore[misc]
    before = transactions(table)
    table.rpc("anvil_reorg", 2, [])  # of three batches one is left; from now on the indexer's nodes fail
    assert table.call.tally(game).call().castWeight == ETHER
    table.relay.step()
    assert table.relay.polling.batches == {}, "a moment's patience with the indexer"
    table.relay.polling.agreed -= polling.PATIENCE_SECONDS
    for _ in range(5):
        table.mine()
        table.relay.step()
    assert table.call.tally(game).call().castWeight == 3 * ETHER
    assert table.redis.hlen(table.names.voted(game)) == 3
    assert transactions(table) == before - 1, "in one batch"
    last = [event for event in table.chain.events(0, table.chain.head().number, game) if event.name == "BallotsCast"][
        -1
    ]
    assert [seat for seat, _ in ballots(last.args["ballots"])] == [1, 2], "of the forgotten alone"


def test_an_indexer_behind_on_the_same_chain_is_believed(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000)
    receive(table, game, voters, "e2e4", "e2e4")
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 2)
    asked: list[Any] = []
    monkeypatch.setattr(table.chain, "voted", lambda *args: asked.append(args) or set())
    monkeypatch.setattr(polling, "PATIENCE_SECONDS", 0.0)
    for _ in range(3):
        table.mine(2)
        table.relay.step()
    assert not asked
    table.redis.delete(table.names.cursor, table.names.voted(game))
    table.mine()
    table.relay.step()
    assert not asked, "an empty read model says nothing that could be doubted"


def test_a_proof_is_sent_again_after_a_reorganisation(table: Table) -> None:
    game, voters = table.start()
    receive(table, game, voters, "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    table.prove(game)
    table.run(lambda: table.document(game)["state"] == "vote")
    table.rpc("anvil_reorg", 1, [])
    assert table.chain.summary(game).position.ply == 1
    table.run(lambda: table.chain.summary(game).position.ply == 2)


def test_a_game_that_a_reorganisation_reopens_goes_on(table: Table) -> None:
    game = table.new_game(lobbyPeriod=10)
    table.rpc("evm_increaseTime", 11)
    table.mine()
    table.run(lambda: table.document(game).get("state") == "over")  # nobody staked
    table.relay.step()
    assert game in table.relay.over
    table.rpc("anvil_reorg", 1, [])
    table.mine()
    assert table.chain.summary(game).state == "lobby"
    table.run(lambda: table.chain.summary(game).state == "over")


def test_a_voter_who_votes_on_chain_first_costs_nothing(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000)
    receive(table, game, voters[:1], "e2e4")
    cast_alone(table, voters[0], game, "d2d4")
    before = transactions(table)
    for _ in range(5):
        table.relay.step()  # the indexer has not seen it yet
    assert transactions(table) == before
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)


def test_a_node_that_lies_once_costs_no_ballot_its_vote(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000)
    receive(table, game, voters, "e2e4", "e2e4")
    call = ContractFunction.call
    lies: list[object] = []

    def lying(function: ContractFunction, *given: Any) -> Any:
        if function.fn_name == "castBallots" and len(lies) < 4:
            lies.append(given)
            return 0
        return call(function, *given)

    monkeypatch.setattr(ContractFunction, "call", lying)
    monkeypatch.setattr("server.processes.relay.RETRY_SECONDS", 0.1)
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 2)
    assert len(lies) == 4


def test_a_node_that_shows_no_games_delays_none(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(ETHER, minPeriod=1000)
    table.relay.step()
    games, lies = Relay._games, [1, 2]
    monkeypatch.setattr(Relay, "_games", lambda self: set() if lies and lies.pop() else games(self))
    table.relay.read = float("-inf")
    table.relay.step()
    assert not table.relay.desks
    receive(table, game, voters, "e2e4")
    for _ in range(3):  # REREAD_SECONDS have not passed, and no event came
        table.relay.step()
    assert table.call.tally(game).call().castWeight == ETHER


def test_one_bad_ballot_does_not_hold_up_the_others(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000)
    receive(table, game, voters, "e2e4", "e2e4")
    table.receive(voters[0], game, "e2e4", signature="11" * 64)
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)
    before = transactions(table)
    for _ in range(5):
        table.indexer.step()
        table.relay.step()
    assert transactions(table) == before


def test_when_half_the_budget_is_spent_only_full_or_last_batches_go(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=1000, votingPeriod=2000)
    monkeypatch.setattr(table.relay.polling, "unbounded", False)
    monkeypatch.setattr(table.relay.polling, "most", lambda game, now: 1000)
    table.relay.polling.allowed[game] = 1000
    table.redis.set(table.names.spent(game, 0), str(1000 * BALLOT_GAS // 2 + 1))
    receive(table, game, voters[:1], "e2e4")
    for _ in range(3):
        table.relay.step()
    assert table.call.tally(game).call().castWeight == 0
    table.rpc("evm_increaseTime", 2000 - table.settings.ballot_margin)
    table.mine()
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)


def test_full_batches_follow_each_other_and_the_rest_waits_for_the_next_block(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, voters = table.start(*[ETHER] * 6, minPeriod=1000)
    monkeypatch.setattr(polling, "BATCH", 2)
    table.rpc("evm_setAutomine", False)
    try:
        receive(table, game, voters[:1], "e2e4")
        for _ in range(2):
            table.relay.step()
        assert len(table.relay.outboxes[0].flying) == 1
        receive(table, game, voters[1:], *["e2e4"] * 5)
        for _ in range(3):
            table.relay.step()
        assert sorted(len(ballots_in(flight.data)) for flight in table.relay.outboxes[0].flying.values()) == [1, 2, 2]
        table.mine()
        table.relay.step()
        assert table.call.tally(game).call().castWeight == 5 * ETHER
        table.relay.step()
        table.mine()
    finally:
        table.rpc("evm_setAutomine", True)
    assert table.call.tally(game).call().castWeight == 6 * ETHER


def test_no_more_than_two_blocks_of_ballots_are_in_flight(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(*[ETHER] * 6, minPeriod=1000)
    monkeypatch.setattr(polling, "BATCH", 2)
    monkeypatch.setattr("server.processes.pace.Pace.block_ballots", lambda self, gas_limit: 1)
    table.rpc("evm_setAutomine", False)
    try:
        receive(table, game, voters, *["e2e4"] * 6)
        for _ in range(3):
            table.relay.step()
        assert [len(ballots_in(flight.data)) for flight in table.relay.outboxes[0].flying.values()] == [2]
    finally:
        table.rpc("evm_setAutomine", True)
        table.mine()


def test_at_the_last_call_all_ballots_go_at_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(*[ETHER] * 4, minPeriod=1000)
    table.rpc("evm_setAutomine", False)
    try:
        for voter in voters:
            receive(table, game, [voter], "e2e4")
            table.relay.step()
        assert len(table.relay.outboxes[0].flying) == 1
        deadline = table.chain.summary(game).deadline
        monkeypatch.setattr(Relay, "now", property(lambda _: deadline - 1))
        for _ in range(3):
            table.relay.step()
        assert len(table.relay.outboxes[0].flying) == 2
        table.mine()
    finally:
        table.rpc("evm_setAutomine", True)
    tally = table.call.tally(game).call()
    assert tally.castWeight == 4 * ETHER


def test_ballots_go_on_while_the_indexer_lags(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start(*[ETHER] * 3, minPeriod=1000)
    monkeypatch.setattr(polling, "BATCH", 1)
    receive(table, game, voters, "e2e4", "e2e4", "e2e4")
    before = transactions(table)
    for _ in range(10):
        table.relay.step()
    assert table.call.tally(game).call().castWeight == 3 * ETHER
    assert transactions(table) == before + 3 and not table.redis.hlen(table.names.voted(game))


def test_a_ballot_that_was_acknowledged_and_not_counted_is_an_alarm(
    table: Table, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    game, voters = table.start(ETHER, ETHER, minPeriod=100, votingPeriod=100)
    receive(table, game, voters, "e2e4", "e2e4")
    monkeypatch.setattr(Relay, "_cast", lambda *_: False)
    table.relay.step()
    table.rpc("evm_increaseTime", 200)
    table.mine()
    table.run(lambda: table.redis.hget(table.names.stats, "lost") == "2")
    assert "ballots_lost game=" in caplog.text
    for _ in range(3):
        table.relay.step()
    assert table.redis.hget(table.names.stats, "lost") == "2"


def test_who_votes_again_before_the_last_vote_was_looked_at_lost_nothing(table: Table) -> None:
    game, voters = table.start(ETHER, ETHER)
    position = table.chain.summary(game).position
    receive(table, game, voters, "e2e4", "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    table.redis.hset(table.names.voted(game), mapping={"0": "2:1804", "1": "2:1804"})
    table.relay.polling.closed = [(0, Box(game, position, received={seat: bytes(70) for seat in range(3)}))]
    table.mine()
    table.run(lambda: not table.relay.polling.closed)
    assert table.redis.hget(table.names.stats, "lost") == "1", "seat 2 never voted"


def test_an_acknowledged_ballot_is_carried_before_a_decided_vote_is_closed(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, voters = table.start(9 * ETHER, ETHER)
    monkeypatch.setattr(polling, "BATCH", 1)
    receive(table, game, voters, "e2e4", "d2d4")
    table.run(lambda: table.document(game)["state"] == "prove")
    assert table.redis.hlen(table.names.voted(game)) == 2


def test_a_full_batch_costs_less_gas_a_ballot_than_is_reckoned(table: Table) -> None:
    game, voters = table.start(*[ETHER] * 30, minPeriod=1000)
    receive(table, game, voters, *["e2e4"] * 30)
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 30)
    assert int(table.redis.get(table.names.spent(game, 0)) or 0) < 30 * BALLOT_GAS + 50_000


def test_a_proof_that_the_contract_refuses_is_thrown_away(table: Table) -> None:
    game, voters = table.start()
    receive(table, game, voters, "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    table.prove(game, "e7e4")  # not a move
    position = table.chain.summary(game).position
    before = transactions(table)
    table.run(lambda: not table.redis.exists(table.names.proof(game, 1, position.key)))
    assert transactions(table) == before
    assert table.relay.jobs.queue.fetch_job(table.names.job(game, 1, position.key)) is not None


def test_a_proof_survives_a_strangers_move_that_is_not_mined(table: Table) -> None:
    game, voters = table.start()
    receive(table, game, voters, "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    table.prove(game)
    position = table.chain.summary(game).position
    name = table.names.proof(game, 1, position.key)
    stranger = table.new_relay(OTHER_RELAY)
    table.relay.lease.release()
    table.rpc("evm_setAutomine", False)
    try:
        stranger.step()
        assert stranger.outboxes[0].flying
        stranger.lease.release()
        for _ in range(3):
            table.relay.step()
            assert table.redis.exists(name)
    finally:
        table.rpc("anvil_dropAllTransactions")
        table.rpc("evm_setAutomine", True)
    table.run(lambda: table.document(game)["state"] == "vote")


def test_a_proof_survives_a_node_that_cannot_estimate(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game, voters = table.start()
    receive(table, game, voters, "e2e4")
    table.run(lambda: table.document(game)["state"] == "prove")
    table.prove(game)
    name = table.names.proof(game, 1, table.chain.summary(game).position.key)
    with monkeypatch.context() as patch:

        def refuse(*_: Any) -> None:
            raise Refused("gas required exceeds allowance")

        patch.setattr(table.relay.outboxes[0], "send", refuse)
        for _ in range(3):
            table.relay.step()
            assert table.redis.exists(name)
    table.run(lambda: table.document(game)["state"] == "vote")


def test_a_restarted_relay_goes_on(table: Table) -> None:
    game, voters = table.start(minPeriod=1000)
    table.rpc("evm_setAutomine", False)
    try:
        receive(table, game, voters, "e2e4")
        table.relay.step()
        assert table.relay.outboxes[0].flying
        table.redis.delete(table.names.leader)  # it was killed; its lease ran out
        table.relay = table.new_relay(RELAY)
        table.relay.step()
        assert next(iter(table.relay.outboxes[0].flying.values())).purpose == Purpose("cast", game, 0, 0)
        pool = table.rpc("txpool_status")
        assert int(pool["pending"], 16) == 1
    finally:
        table.rpc("evm_setAutomine", True)
    table.mine()
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)
    assert not table.relay.outboxes[0].flying and not table.redis.exists(table.relay.outboxes[0].name)


def test_of_two_relays_one_acts_and_the_other_takes_over(table: Table) -> None:
    game, voters = table.start(minPeriod=1000)
    other = table.new_relay(OTHER_RELAY)
    receive(table, game, voters, "e2e4")
    for _ in range(3):
        assert not other.step()
    assert table.call.tally(game).call().castWeight == 0
    table.relay.lease.release()
    table.relay, first = other, table.relay
    table.run(lambda: table.redis.hlen(table.names.voted(game)) == 1)
    assert not first.step()


def test_a_relay_without_funds_says_so(table: Table) -> None:
    table.rpc("anvil_setBalance", table.relay.outboxes[0].sender.address, "0x0")
    table.relay.step()
    assert "needs funds" in (table.redis.get(table.names.relay) or "")


def test_a_call_that_reverts_after_all_is_not_sent_again_at_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    table.stake(game)
    monkeypatch.setattr("server.chain.sender.GAS_LIMIT", 30_000)  # it runs out of gas
    before = transactions(table)
    for _ in range(10):
        table.relay.step()
    assert transactions(table) == before + 1
    assert table.redis.hget(table.names.stats, "reverts") == "1"


@pytest.mark.parametrize("fault", [ValueError("this game is broken"), Web3RPCError("too large"), OSError("reset")])
def test_a_game_that_fails_does_not_stop_the_others(
    table: Table, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    first, _ = table.start()
    second, voters = table.start()
    act = Relay._vote

    def fail(self: Relay, game: int, desk: Any) -> bool:
        if game == first:
            raise fault
        return act(self, game, desk)

    monkeypatch.setattr(Relay, "_vote", fail)
    receive(table, second, voters, "e2e4")
    for _ in range(10):
        with contextlib.suppress(Web3RPCError, OSError):  # which the loop takes for a node that is away
            table.relay.step()
    assert table.chain.summary(second).state == "prove"
