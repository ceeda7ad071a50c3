"""A node's raw JSON-RPC answers. The audit uses none of them before `evidence` has checked it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from web3 import Web3
from web3.exceptions import Web3Exception
from web3.types import RPCEndpoint

from server.chain.node import connect

BATCH = 100
"""Requests sent at once."""


class NodeError(Exception):
    """The node does not answer, or refuses a request. It says nothing about the game."""


class Node:
    """One JSON-RPC endpoint; raw answers, without the formatting of web3."""

    def __init__(self, source: str | Web3) -> None:
        self.w3 = connect(source) if isinstance(source, str) else source

    def ask(self, method: str, *params: Any) -> Any:
        """The result of one request. Raises NodeError if there is none."""
        try:
            answer = cast("dict[str, Any]", self.w3.provider.make_request(RPCEndpoint(method), list(params)))
        except (OSError, ValueError, RecursionError, Web3Exception) as error:
            raise NodeError(f"{method}: {type(error).__name__}: {error}") from None
        if "result" not in answer:
            raise NodeError(f"{method}: {answer.get('error')}")
        return answer["result"]

    def need(self, method: str, *params: Any) -> Any:
        """The result of one request that must be there. Raises NodeError if it is null."""
        result = self.ask(method, *params)
        if result is None:
            raise NodeError(f"{method}: the node knows no {', '.join(str(part) for part in params)}")
        return result

    def ask_many(self, method: str, parameters: Sequence[Sequence[Any]]) -> Iterator[Any]:
        """The results of many requests of one kind, in order. Raises NodeError."""
        for start in range(0, len(parameters), BATCH):
            requests = [(RPCEndpoint(method), list(part)) for part in parameters[start : start + BATCH]]
            try:
                answers = cast("list[dict[str, Any]]", cast(Any, self.w3.provider).make_batch_request(requests))
            except (OSError, ValueError, RecursionError, Web3Exception) as error:
                raise NodeError(f"{method}: {type(error).__name__}: {error}") from None
            if not isinstance(answers, list) or len(answers) != len(requests):
                raise NodeError(f"{method}: the node does not answer {len(requests)} requests at once")
            for answer in answers:
                if answer.get("result") is None:
                    raise NodeError(f"{method}: {answer.get('error') or 'no such thing'}")
                yield answer["result"]
