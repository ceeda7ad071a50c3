from __future__ import annotations

import time
from typing import cast

import pytest

from bench.node import bad_node
from server.chain import node
from server.chain.node import Nodes, Unreachable, connect, log_ranges
from server.chain.sender import Sender
from tests.server.table import OTHER_RELAY, Table


def test_logs_are_asked_for_in_pieces_without_gap_or_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "LOG_RANGE", 3)
    assert list(log_ranges(2, 9)) == [(2, 4), (5, 7), (8, 9)]
    assert list(log_ranges(2, 2)) == [(2, 2)]
    assert list(log_ranges(3, 2)) == []


def test_a_node_that_is_away_is_not_waited_for() -> None:
    with pytest.raises(Unreachable):
        connect("http://127.0.0.1:1").eth.get_block("latest")


def test_another_node_answers_for_one_that_is_dead_slow_or_stale(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "STALE_SECONDS", 0.2)
    url = table.settings.rpc_url
    with bad_node(url) as first, bad_node(url) as second:
        w3 = connect(f"{first.address},{second.address}")
        nodes = cast(Nodes, w3.provider)
        monkeypatch.setattr(nodes, "_begin_watch", lambda: None)

        def look() -> list[int]:
            for each in nodes.nodes:
                nodes.look(each)
            return [nodes.nodes.index(each) for each in nodes.ranked()]

        assert look() == [0, 1]
        assert w3.eth.block_number == table.chain.head().number and second.calls == 2
        first.set("dead")
        assert w3.eth.block_number == table.chain.head().number
        assert look() == [1, 0]
        asked = first.calls
        assert w3.eth.chain_id == 31337 and first.calls == asked, "it rests"
        first.set("well")
        monkeypatch.setattr(node, "REST_SECONDS", 0.0)
        nodes.nodes[0].rests_until = 0.0
        assert look() == [0, 1]
        first.set("stale")
        time.sleep(0.3)
        table.mine()
        assert look() == [1, 0]
        assert w3.eth.block_number == table.chain.head().number
        first.set("well")
        assert look() == [0, 1]
        monkeypatch.setattr(node, "SLOW_SECONDS", 0.2)
        first.delay = 0.3
        assert look() == [1, 0]
        first.delay = 0.0
        first.set("dead")
        second.set("dead")
        with pytest.raises(Unreachable, match="none of 2 nodes answers"):
            w3.eth.get_block("latest")


def test_a_node_of_another_chain_is_not_asked(table: Table, other_chain: str) -> None:
    w3 = connect(f"{table.settings.rpc_url},{other_chain}")
    nodes = cast(Nodes, w3.provider)
    nodes.nodes[1].chain, nodes.nodes[0].chain = 1, 31337
    assert nodes.ranked() == nodes.nodes[:1]


def test_an_answer_that_is_lost_is_asked_for_elsewhere(table: Table) -> None:
    with bad_node(table.settings.rpc_url) as first:
        first.set("lossy")
        w3 = connect(f"{first.address},{table.settings.rpc_url}")
        balance = w3.eth.get_balance(table.relay.outboxes[0].sender.address)
        sender = Sender(w3, OTHER_RELAY, "KEY")
        assert balance and sender.send(table.call.games())["status"] == 1


def test_an_address_in_a_log_line_has_no_key() -> None:
    assert Nodes(["https://user:secret@node.example/v2/key", "http://b"]).nodes[0].name == "node.example"
