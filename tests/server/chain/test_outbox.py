from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from server.chain.outbox import MAX_FEE_FACTOR, Outbox
from server.chain.reverts import Refused
from server.store.records import Purpose
from tests.server.table import OTHER_RELAY, Table

PURPOSE = Purpose("lobby", 0)


@pytest.fixture
def outbox(table: Table) -> Iterator[Outbox]:
    """An outbox on a chain that mines only when told to."""
    table.rpc("evm_setAutomine", False)
    yield table.new_outbox(OTHER_RELAY)
    table.rpc("anvil_dropAllTransactions")
    table.rpc("evm_setAutomine", True)


def pool(table: Table) -> dict[int, Any]:
    """What the node holds of OTHER_RELAY's transactions, mineable or not, by nonce."""
    content = table.rpc("txpool_content")
    both = [transactions for kind in ("pending", "queued") for transactions in content[kind].values()]
    return {int(nonce): transaction for transactions in both for nonce, transaction in transactions.items()}


def sole(table: Table) -> Any:
    """The one transaction that the node holds of them."""
    (transaction,) = pool(table).values()
    return transaction


def claims(table: Table, count: int) -> list[Any]:
    """So many calls that succeed: closing lobbies."""
    games = []
    table.rpc("evm_setAutomine", True)
    for _ in range(count):
        games.append(table.new_game())
        table.stake(games[-1])
    table.rpc("evm_setAutomine", False)
    return [table.call.closeLobby(game) for game in games]


def test_one_transaction_for_each_purpose(table: Table, outbox: Outbox) -> None:
    (call,) = claims(table, 1)
    first = outbox.send(PURPOSE, call)
    assert first is not None
    assert outbox.send(PURPOSE, call) is None
    assert outbox.settle() == []
    table.mine()
    ((flight, receipt),) = outbox.settle()
    assert (flight.purpose, flight.hash, receipt["status"]) == (PURPOSE, first, 1)
    assert not outbox.flying and not table.redis.exists(outbox.name)


def test_a_call_that_would_revert_is_refused_with_its_error(table: Table, outbox: Outbox) -> None:
    with pytest.raises(Refused, match="WrongState"):
        outbox.send(PURPOSE, table.call.begin(10**6))


def test_a_dropped_transaction_leaves_no_gap(table: Table, outbox: Outbox) -> None:
    one, two, three = claims(table, 3)
    first = outbox.send(Purpose("lobby", 1), one)
    outbox.send(Purpose("lobby", 2), two)
    nonces = sorted(outbox.flying)
    assert nonces[1] == nonces[0] + 1
    forgotten = outbox.flying.pop(nonces[0])  # as if the node had forgotten it, and it alone
    assert outbox._nonce() == nonces[0]
    assert outbox.send(Purpose("lobby", 3), three) is None  # the node has it after all, and takes no other
    outbox.flying[nonces[0]] = forgotten
    table.rpc("anvil_dropTransaction", first)  # anvil drops what follows, too
    outbox.settle()
    assert not outbox.flying
    outbox.send(Purpose("lobby", 1), one)
    table.mine()
    assert [receipt["status"] for _, receipt in outbox.settle()] == [1]


def test_a_stuck_transaction_is_sent_again_with_higher_fees(
    table: Table, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (call,) = claims(table, 1)
    first = outbox.send(PURPOSE, call)
    (before,) = pool(table).values()
    monkeypatch.setattr("server.chain.outbox.STUCK_SECONDS", 0)
    outbox.settle()
    assert sole(table)["hash"] == first, "no block was made: fees are not why it waits"
    block, fee, tip = outbox.sender.fees()
    monkeypatch.setattr(outbox.sender, "fees", lambda: (block + 1, fee, tip))
    outbox.settle()
    ((nonce, after),) = pool(table).items()
    assert nonce in outbox.flying and after["hash"] != first
    for name in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert int(after[name], 16) > int(before[name], 16) * 11 // 10
    table.mine()
    ((flight, receipt),) = outbox.settle()
    assert receipt["status"] == 1 and flight.hash == after["hash"]


def test_fees_grow_from_nothing_and_to_a_limit(table: Table, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    (call,) = claims(table, 1)
    _, fee, _ = outbox.sender.fees()
    monkeypatch.setattr("server.chain.outbox.STUCK_SECONDS", 0)
    prices = []
    for block in range(20):
        monkeypatch.setattr(outbox.sender, "fees", lambda block=block: (block, fee, 0))
        outbox.send(PURPOSE, call)
        outbox.settle()
        prices.append(tuple(int(sole(table)[name], 16) for name in ("maxFeePerGas", "maxPriorityFeePerGas")))
    assert prices[:3] == [(fee, 0), (fee * 5 // 4, 1), (fee * 5 // 4 * 5 // 4, 2)]
    assert 3 * fee < prices[-1][0] <= MAX_FEE_FACTOR * fee and prices[-1] == prices[-2]


def test_a_resending_that_the_node_refuses_is_forgotten(
    table: Table, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    (call,) = claims(table, 1)
    first = outbox.send(PURPOSE, call)
    block, fee, tip = outbox.sender.fees()
    monkeypatch.setattr("server.chain.outbox.STUCK_SECONDS", 0)
    monkeypatch.setattr("server.chain.outbox._raised", lambda price: price - 1)
    monkeypatch.setattr(outbox.sender, "fees", lambda: (block + 1, fee - 1, tip - 1))
    outbox.settle()
    assert sole(table)["hash"] == first
    again = table.new_outbox(OTHER_RELAY)
    again.resume()
    for known in (outbox, again):
        assert [flight.hash for flight in known.flying.values()] == [first]


def test_a_transaction_that_redis_forgot_is_replaced_when_fees_have_risen(
    table: Table, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = claims(table, 2)
    forgotten = outbox.send(Purpose("lobby", 1), one)
    again = table.new_outbox(OTHER_RELAY)
    assert again.send(Purpose("lobby", 2), two) is None, "it is no cheaper: it will be mined"
    assert sole(table)["hash"] == forgotten
    block, fee, tip = again.sender.fees()
    monkeypatch.setattr(again.sender, "fees", lambda: (block, 2 * fee, 2 * tip))
    assert again.send(Purpose("lobby", 1), one) == sole(table)["hash"] != forgotten


def test_a_transaction_taken_back_by_a_reorganisation_can_be_sent_again(table: Table, outbox: Outbox) -> None:
    (call,) = claims(table, 1)
    outbox.send(PURPOSE, call)
    table.mine()
    assert len(outbox.settle()) == 1
    table.rpc("anvil_reorg", 1, [])
    outbox.send(PURPOSE, call)
    table.mine()
    assert [receipt["status"] for _, receipt in outbox.settle()] == [1]


def test_a_sender_without_funds_sends_nothing(table: Table, outbox: Outbox) -> None:
    (call,) = claims(table, 1)
    table.rpc("anvil_setBalance", outbox.sender.address, "0x0")
    with pytest.raises(Exception, match=r"(?i)insufficient|funds"):
        assert outbox.send(PURPOSE, call) is not None, "no funds"
    assert not outbox.flying
