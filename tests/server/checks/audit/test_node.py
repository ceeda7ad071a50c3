from __future__ import annotations

from typing import Any, cast

import pytest
from web3 import Web3

from server.checks.audit.node import BATCH, Node, NodeError
from server.local.probe import unused_port


class Provider:
    """Answers with what it is given; notes what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.batches = answer, list[int]()

    def make_request(self, method: str, params: list[Any]) -> Any:
        return self._give({"method": method, "params": params})

    def make_batch_request(self, requests: list[tuple[str, list[Any]]]) -> Any:
        self.batches.append(len(requests))
        return self._give(requests)

    def _give(self, asked: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(asked) if callable(self.answer) else self.answer


def node(answer: Any) -> Node:
    w3 = Web3()
    w3.provider = cast(Any, Provider(answer))
    return Node(w3)


def test_a_result_is_passed_on_raw() -> None:
    assert node({"result": "0x10"}).ask("eth_blockNumber") == "0x10"
    assert node({"result": None}).ask("eth_getBlockByHash", "0x1") is None


@pytest.mark.parametrize(
    "answer", [{"error": {"message": "no"}}, {}, OSError("away"), ValueError("not JSON"), RecursionError("deep")]
)
def test_no_result_is_the_nodes_fault_and_says_nothing_of_the_game(answer: Any) -> None:
    with pytest.raises(NodeError, match=r"^eth_chainId: "):
        node(answer).ask("eth_chainId")
    with pytest.raises(NodeError, match=r"^eth_chainId: "):
        list(node(answer).ask_many("eth_chainId", [[]]))


def test_what_must_be_there_is_named_when_it_is_not() -> None:
    with pytest.raises(NodeError, match="eth_getBlockByNumber: the node knows no 0x5, False"):
        node({"result": None}).need("eth_getBlockByNumber", "0x5", False)


def test_many_requests_go_in_batches_and_come_back_in_order() -> None:
    many = node(lambda asked: [{"result": params[0]} for _, params in asked])
    assert list(many.ask_many("eth_x", [[number] for number in range(2 * BATCH + 1)])) == list(range(2 * BATCH + 1))
    assert cast(Any, many.w3.provider).batches == [BATCH, BATCH, 1]


@pytest.mark.parametrize("answer", [{"result": 1}, [], [{"result": 1}], [{"result": 1}, {"result": None}], "no"])
def test_a_batch_that_is_not_answered_whole_is_refused(answer: Any) -> None:
    with pytest.raises(NodeError, match=r"^eth_x: "):
        list(node(answer).ask_many("eth_x", [[1], [2]]))


def test_a_node_that_is_away() -> None:
    with pytest.raises(NodeError, match="eth_chainId: "):
        Node(f"http://127.0.0.1:{unused_port()}").ask("eth_chainId")
