from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from server.chain.client import DEAREST, Chain, Refused, Sender, Unreachable
from server.settings import SettingsError
from tests.server.table import ETHER, OTHER_RELAY, Table


@pytest.fixture
def sender(table: Table) -> Iterator[Sender]:
    """A sender on a chain that mines only when told to."""
    table.rpc("evm_setAutomine", False)
    yield Sender(table.chain, OTHER_RELAY, table.redis, table.keys)
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


def test_one_transaction_for_each_purpose(table: Table, sender: Sender) -> None:
    (call,) = claims(table, 1)
    first = sender.send("a", call)
    assert first is not None
    assert sender.send("a", call) is None
    assert sender.settle() == []
    table.mine()
    ((flight, receipt),) = sender.settle()
    assert (flight.purpose, flight.hash, receipt["status"]) == ("a", first, 1)
    assert not sender.flying and not table.redis.exists(sender.name)


def test_a_call_that_would_revert_is_refused_with_its_error(table: Table, sender: Sender) -> None:
    with pytest.raises(Refused, match="WrongState"):
        sender.send("a", table.call.begin(10**6))


def test_a_dropped_transaction_leaves_no_gap(table: Table, sender: Sender) -> None:
    one, two, three = claims(table, 3)
    first = sender.send("1", one)
    sender.send("2", two)
    nonces = sorted(sender.flying)
    assert nonces[1] == nonces[0] + 1
    forgotten = sender.flying.pop(nonces[0])  # as if the node had forgotten it, and it alone
    assert sender._nonce() == nonces[0]
    assert sender.send("3", three) is None  # the node has it after all, and takes no other
    sender.flying[nonces[0]] = forgotten
    table.rpc("anvil_dropTransaction", first)  # anvil drops what follows, too
    sender.settle()
    assert not sender.flying
    sender.send("1", one)
    table.mine()
    assert [receipt["status"] for _, receipt in sender.settle()] == [1]


def test_a_stuck_transaction_is_sent_again_with_higher_fees(
    table: Table, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    (call,) = claims(table, 1)
    first = sender.send("a", call)
    (before,) = pool(table).values()
    monkeypatch.setattr("server.chain.client.STUCK", 0)
    sender.settle()
    assert sole(table)["hash"] == first, "no block was made: fees are not why it waits"
    block, fee, tip = sender._fees()
    monkeypatch.setattr(sender, "_fees", lambda: (block + 1, fee, tip))
    sender.settle()
    ((nonce, after),) = pool(table).items()
    assert nonce in sender.flying and after["hash"] != first
    for name in ("maxFeePerGas", "maxPriorityFeePerGas"):
        assert int(after[name], 16) > int(before[name], 16) * 11 // 10
    table.mine()
    ((flight, receipt),) = sender.settle()
    assert receipt["status"] == 1 and flight.hash == after["hash"]


def test_fees_grow_from_nothing_and_to_a_limit(table: Table, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    (call,) = claims(table, 1)
    _, fee, _ = sender._fees()
    monkeypatch.setattr("server.chain.client.STUCK", 0)
    prices = []
    for block in range(20):
        monkeypatch.setattr(sender, "_fees", lambda block=block: (block, fee, 0))
        sender.send("a", call)
        sender.settle()
        prices.append(tuple(int(sole(table)[name], 16) for name in ("maxFeePerGas", "maxPriorityFeePerGas")))
    assert prices[:3] == [(fee, 0), (fee * 5 // 4, 1), (fee * 5 // 4 * 5 // 4, 2)]
    assert 3 * fee < prices[-1][0] <= DEAREST * fee and prices[-1] == prices[-2]


def test_a_resending_that_the_node_refuses_is_forgotten(
    table: Table, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    (call,) = claims(table, 1)
    first = sender.send("a", call)
    block, fee, tip = sender._fees()
    monkeypatch.setattr("server.chain.client.STUCK", 0)
    monkeypatch.setattr("server.chain.client._raised", lambda price: price - 1)
    monkeypatch.setattr(sender, "_fees", lambda: (block + 1, fee - 1, tip - 1))
    sender.settle()
    assert sole(table)["hash"] == first
    again = Sender(table.chain, OTHER_RELAY, table.redis, table.keys)
    again.resume()
    for known in (sender, again):
        assert [flight.hash for flight in known.flying.values()] == [first]


def test_a_transaction_that_redis_forgot_is_replaced_when_fees_have_risen(
    table: Table, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = claims(table, 2)
    forgotten = sender.send("1", one)
    again = Sender(table.chain, OTHER_RELAY, table.redis, table.keys)
    assert again.send("2", two) is None, "it is no cheaper: it will be mined"
    assert sole(table)["hash"] == forgotten
    block, fee, tip = again._fees()
    monkeypatch.setattr(again, "_fees", lambda: (block, 2 * fee, 2 * tip))
    assert again.send("1", one) == sole(table)["hash"] != forgotten


def test_a_transaction_taken_back_by_a_reorganisation_can_be_sent_again(table: Table, sender: Sender) -> None:
    (call,) = claims(table, 1)
    sender.send("a", call)
    table.mine()
    assert len(sender.settle()) == 1
    table.rpc("anvil_reorg", 1, [])
    sender.send("a", call)
    table.mine()
    assert [receipt["status"] for _, receipt in sender.settle()] == [1]


def test_a_sender_without_funds_sends_nothing(table: Table, sender: Sender) -> None:
    (call,) = claims(table, 1)
    table.rpc("anvil_setBalance", sender.account.address, "0x0")
    with pytest.raises(Exception, match=r"(?i)insufficient|funds"):
        assert sender.send("a", call) is not None, "no funds"
    assert not sender.flying


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rpc_url", "http://127.0.0.1:1", "RPC_URL: no chain answers"),
        ("chain_id", 1337, "CHAIN_ID: 1337, but RPC_URL is chain 31337"),
        ("contract", "0x" + "11" * 20, "CONTRACT: there is no contract at 0x1111"),
    ],
)
def test_a_wrong_setting_is_named(table: Table, name: str, value: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Chain.connect(replace(table.settings, **{name: value}))


def test_events_of_one_game_only(table: Table) -> None:
    first, second = table.new_game(), table.new_game()
    table.stake(first, ETHER)
    head = table.chain.head().number
    assert [event.name for event in table.chain.events(0, head, first)] == ["GameCreated", "Staked"]
    assert [event.name for event in table.chain.events(0, head, second)] == ["GameCreated"]
    assert list(table.chain.events(head + 1, head)) == []


def test_the_newest_events_are_asked_for_by_hash(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    table.stake(game)
    table.mine(3)
    head = table.chain.head()
    whole = list(table.chain.events(0, head.number))
    asked: list[Any] = []
    get_logs = table.w3.eth.get_logs
    monkeypatch.setattr(table.w3.eth, "get_logs", lambda where: asked.append(where) or get_logs(where))
    monkeypatch.setattr("server.chain.client.FRESH", 4)
    assert list(table.chain.events_until(0, head)) == whole
    assert [where.get("toBlock") for where in asked] == [head.number - 4, None, None, None, None]
    assert list(table.chain.events_until(head.number + 1, head)) == []
    with pytest.raises(Unreachable):
        list(table.chain.events_until(0, replace(head, hash="0x" + "11" * 32)))


def test_a_node_that_lags_is_no_reorganisation(table: Table) -> None:
    head = table.chain.head()
    with pytest.raises(Unreachable):
        table.chain.extends(head.number + 1, "0x" + "11" * 32, replace(head, number=head.number + 3))


def test_events_are_read_in_pieces(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    game = table.new_game()
    table.stake(game)
    head = table.chain.head().number
    whole = list(table.chain.events(0, head))
    monkeypatch.setattr("server.chain.client.LOG_RANGE", 2)
    assert list(table.chain.events(0, head)) == whole
