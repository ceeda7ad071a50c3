"""A hundred games at once, and a node that is far away."""

from __future__ import annotations

import time

import pytest
from eth_account import Account

from bench.node import bad_node
from server.chain.client import Chain
from server.processes.relay import THREADS, Relay
from tests.server.table import ETHER, OWNER, RELAY, TERMS, Table

GAMES = 100
BLOCK_SECONDS = 12.0


def open_votes(table: Table) -> list[int]:
    """Games in their first vote, opened without waiting for each transaction."""
    call, contract = table.call, table.chain.contract.address
    first = call.games().call()
    owner = Account.from_key(OWNER).address
    table.rpc("anvil_autoImpersonateAccount", True)
    table.rpc("anvil_setBalance", owner, hex(10**24))
    table.rpc("evm_setAutomine", False)
    terms = tuple({**TERMS, "minPeriod": 1000, "votingPeriod": 3000}.values())  # in the order of IGame.Terms
    sent = {"from": owner, "to": contract, "gas": hex(900_000)}
    for _ in range(GAMES):
        table.rpc("eth_sendTransaction", {**sent, "data": call.createGame(terms, 0)._encode_transaction_data()})
    for game in range(first, first + GAMES):
        data = call.stake(game, 0, owner)._encode_transaction_data()
        table.rpc("eth_sendTransaction", {**sent, "data": data, "value": hex(ETHER)})
    while int(table.rpc("txpool_status")["pending"], 16):
        table.mine()
    table.rpc("evm_setAutomine", True)
    assert call.games().call() == first + GAMES
    table.rpc("anvil_autoImpersonateAccount", False)
    return list(range(first, first + GAMES))


def states(table: Table, games: list[int]) -> set[str | None]:
    return {summary.state for summary in table.chain.summaries(games).values()}


def steps_until(table: Table, relay: Relay, games: list[int], wanted: set[str | None], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not states(table, games) <= wanted:
        assert time.monotonic() < end
        relay.step()


@pytest.mark.slow
def test_a_hundred_votes_close_within_a_block_at_a_node_100_ms_away(table: Table) -> None:
    games = open_votes(table)
    steps_until(table, table.relay, games, {"drawn", "vote"}, 240)
    table.mine(4)
    steps_until(table, table.relay, games, {"vote"}, 240)
    table.relay.lease.release()
    with bad_node(table.settings.rpc_url, delay=0.1) as node:
        table.chain = Chain(node.address, table.settings.contract, 31337)
        table.w3 = table.chain.w3
        far = table.new_relay(RELAY)
        far.step()  # it leads, and has read every game
        near = Chain(table.settings.rpc_url, table.settings.contract, 31337)
        table.chain, table.w3 = near, near.w3
        table.rpc("evm_increaseTime", 3001)
        table.mine()
        asked, began, worked = node.requests, time.monotonic(), time.process_time()
        while "vote" in states(table, games):
            assert time.monotonic() < began + 300
            far.step()
        requests, processor = node.requests - asked, time.process_time() - worked
        # What it takes on a quiet machine: the processor's time and the waits, which threads share.
        seconds = processor + requests * node.delay / THREADS
        print(f"{GAMES} votes closed: {time.monotonic() - began:.1f} s, {requests} requests, {processor:.1f} s of work")
        assert requests < 5 * GAMES + 60, "three a game, and a few a block"
        assert seconds < BLOCK_SECONDS
