"""Calls within other contracts are known from a node's trace alone: what proves itself is still checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from web3 import Web3

from server.chain import deploy
from server.checks.audit.fetch import fetch
from server.checks.audit.node import Node
from tests.server.checks.audit.lies import flip
from tests.server.checks.audit.support import ORIGIN, check, record_of
from tests.server.checks.audit.test_games import Wrapper
from tests.server.scripted import ScriptedGame, chain


@pytest.fixture(scope="module")
def wrapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    """A game whose ballots and proofs all came through another contract."""
    folder = tmp_path_factory.mktemp("wrapped")
    with chain(folder) as url:
        game = ScriptedGame(url, folder, maxPly=2)
        wrapper, call = Wrapper(game, folder), game.game.functions
        game.begin()
        while (state := deploy.state(game.game, game.number)) != "over":
            if state == "vote":
                position = game.position()
                wrapper.send(call.castBallots(game.number, position.ply, game.ballot(0, position.unpack(), position)))
                game.wait(24 * 3600)
                game.relay.send(call.closeVote(game.number))
            else:
                wrapper.send(game.proven(game.relay.address))
        yield game


class Tracer(Node):
    """A node whose traces show other input from a byte on."""

    def __init__(self, game: ScriptedGame, function: str, byte: int) -> None:
        super().__init__(game.w3)
        signature = game.game.get_function_by_name(function).signature
        self.selector, self.byte = Web3.keccak(text=signature)[:4].to_0x_hex(), byte

    def ask(self, method: str, *params: Any) -> Any:
        result = super().ask(method, *params)
        if method == "debug_traceTransaction":
            for frame in result["calls"]:
                if frame["input"].startswith(self.selector):
                    frame["input"] = flip(frame["input"], self.byte)
        return result


def test_honest_traces(wrapped: ScriptedGame) -> None:
    result = check(record_of(wrapped))
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN]
    assert result["ballots"] == result["proofs"] == 1


@pytest.mark.parametrize(
    ("function", "byte", "complaint"),
    [
        ("castBallots", 4 + 4 * 32 + 20, "not the valid ballots were counted"),
        ("castBallots", 4 + 63, "ballots that the call did not cast"),
        ("submitMove", 4 + 2 * 32 + 31, "the verifier refuses the proof"),  # another bitmap
        ("submitMove", -1, "the verifier refuses the proof"),
        ("submitMove", 4 + 63, "not the move that the call asked for"),
        ("submitMove", 0, "came through another contract, and the node does not trace calls"),
    ],
)
def test_a_trace_that_lies(wrapped: ScriptedGame, function: str, byte: int, complaint: str) -> None:
    lying = Tracer(wrapped, function, byte)
    result = check(fetch([lying], wrapped.game.address, wrapped.number, wrapped.deployment.block))
    assert complaint in "\n".join(result["problems"] or result["unchecked"])
