from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.chain import contracts, deploy
from server.checks.audit.record import Record
from tests.server.checks.audit.support import ORIGIN, audited, check, newest, record_of
from tests.server.scripted import ScriptedGame


def test_a_whole_game_agrees(played: ScriptedGame, record: Record) -> None:
    result = check(record)
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN] and result["exitCode"] == 2
    # The draw of the opening follows the chain's clock: now and then the voters mate before maxPly.
    assert result["reason"] in ("maxPly", "checkmate")
    assert result["plies"] == result["crowdMoves"] + result["leelaMoves"]
    assert result["proofs"] == result["leelaMoves"] > 0
    assert 2 * result["crowdMoves"] <= result["ballots"] <= 3 * result["crowdMoves"]
    assert result["owed"] == "0"
    balance = played.w3.eth.get_balance(played.game.address)
    assert int(result["staked"]) + int(result["pot"]) + 10**16 == int(result["paid"]) + balance
    assert balance <= 4


def test_a_whole_game_hangs_on_one_hash(played: ScriptedGame) -> None:
    anchor = newest(played)
    record = record_of(played, anchor)
    assert check(record, anchor=anchor)["unchecked"] == [ORIGIN]
    headers = [int(number) for number in record["headers"]]
    assert headers == list(range(min(headers), max(headers) + 1)), "all blocks from the first to the anchor"


@pytest.mark.slow
def test_endgames_agree_however_they_end(game: ScriptedGame) -> None:
    book = deploy.add_book(game.game, game.owner, deploy.read_book("endgames"))
    for quorum in (0, 9000):
        game.create(book=book, maxPly=40, quorum=quorum)
        game.play()
        result = audited(game)
        assert result["problems"] == []
        assert result["proofs"] == result["leelaMoves"] + result["understudyMoves"]


def test_games_that_are_on(game: ScriptedGame) -> None:
    game.create()
    assert (audited(game)["problems"], audited(game)["outcome"]) == ([], None)
    game.begin()
    if deploy.state(game.game, game.number) == "vote":
        game.vote()
    game.move()
    result = audited(game)
    assert result["problems"] == [] and result["outcome"] is None and result["proofs"] == 1
    assert result["owed"] == str(10**15), "the reward of the proof"


def test_a_game_that_stalled(game: ScriptedGame) -> None:
    game.create(worldIsWhite=True, provingPeriod=60)
    game.begin()
    if deploy.state(game.game, game.number) == "vote":
        game.vote()
    game.wait(61)
    game.relay.send(game.game.functions.voidGame(game.number))
    game.claim()
    result = audited(game)
    assert result["problems"] == [] and (result["outcome"], result["reason"]) == ("void", "stalled")
    assert (result["owed"], int(result["paid"])) == ("0", int(result["staked"]) + int(result["pot"]) + 10**16)


def test_a_game_without_a_world_stake(game: ScriptedGame) -> None:
    game.create(lobbyPeriod=60)
    game.by(3).send(game.game.functions.stake(game.number, 1, "0x" + "00" * 20), 10**18)
    game.wait(61)
    game.relay.send(game.game.functions.closeLobby(game.number))
    game.claim()
    result = audited(game)
    assert result["problems"] == [] and (result["outcome"], result["reason"]) == ("void", "empty")
    assert (result["owed"], int(result["paid"])) == ("0", 10**18 + 10**17 + 10**16)


# -------------------------------------------------------------------------------------------------- calls within others

WRAPPER = """
    // SPDX-License-Identifier: GPL-3.0-or-later
    pragma solidity ^0.8.30;
    contract Wrapper {
        address private payer;
        bytes private kept;

        function pass(address to, bytes[] memory calls) external payable {
            for (uint256 i = 0; i < calls.length; ++i) {
                (bool done,) = to.call{value: msg.value}(calls[i]);
                require(done || i + 1 < calls.length);
            }
        }

        function keep(address payer_, bytes memory call) external {
            (payer, kept) = (payer_, call);
        }

        receive() external payable {
            (bool done,) = payer.call(kept);
            require(done);
        }
    }
"""


class Wrapper:
    """A contract that passes calls on to the game, or makes one when it is paid."""

    def __init__(self, game: ScriptedGame, folder: Path) -> None:
        self.game = game
        code = contracts.compile_verifier(WRAPPER, folder).creation
        self.address = game.owner.send(game.w3.eth.contract(abi=[], bytecode=code).constructor())["contractAddress"]
        self.functions = game.w3.eth.contract(
            address=self.address, abi=[_function("pass", "bytes[]"), _function("keep", "bytes")]
        ).functions

    def send(self, *calls: Any, value: int = 0) -> None:
        """Passes calls on, in one transaction; all but the last may be refused."""
        data = [call._encode_transaction_data() for call in calls]
        self.game.relay.send(self.functions["pass"](self.game.game.address, data), value)

    def keep(self, call: Any) -> None:
        self.game.relay.send(self.functions.keep(self.game.game.address, call._encode_transaction_data()))


def _function(name: str, argument: str) -> dict[str, Any]:
    inputs = [{"name": "to", "type": "address"}, {"name": "call", "type": argument}]
    return {"type": "function", "name": name, "inputs": inputs, "outputs": [], "stateMutability": "payable"}


def test_calls_through_another_contract(game: ScriptedGame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stake, batches of ballots and proofs, among calls that are refused; then a node that does not trace."""
    wrapper, call = Wrapper(game, tmp_path), game.game.functions
    game.create(maxPly=4)
    wrapper.send(call.stake(game.number, 1, "0x" + "00" * 20), value=10**18)
    game.begin()
    while (state := deploy.state(game.game, game.number)) != "over":
        if state == "vote":
            position = game.position()
            ballots = [game.ballot(seat, position.unpack(), position) for seat in (0, 1)]
            wrapper.send(*(call.castBallots(game.number, position.ply, ballot) for ballot in ballots))
            game.wait(24 * 3600)
            game.relay.send(call.closeVote(game.number))
        else:
            proven = game.proven(game.relay.address)
            wrapper.send(call.voidGame(game.number), proven)
    game.claim()

    result = audited(game)
    stake = f"the {10**18} wei that {wrapper.address} staked: it came through another contract, and only the node's "
    stake += "trace shows it"
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN, stake]
    assert result["proofs"] == result["leelaMoves"] > 0
    assert result["ballots"] == 2 * result["crowdMoves"] > 0

    def refuse(method: Any, params: Any) -> Any:
        if method.startswith("debug_"):
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}
        return make_request(method, params)

    make_request = game.w3.provider.make_request
    monkeypatch.setattr(game.w3.provider, "make_request", refuse)
    untraced = audited(game)
    assert untraced["problems"] == [] and (untraced["proofs"], untraced["ballots"]) == (0, 0)
    assert len(untraced["unchecked"]) == 2 + result["proofs"] + result["ballots"]
    same = ("outcome", "reason", "plies", "leelaMoves", "crowdMoves", "staked", "paid", "owed")
    assert [untraced[name] for name in same] == [result[name] for name in same]


def test_a_proof_in_what_a_payment_calls(game: ScriptedGame, tmp_path: Path) -> None:
    """The transaction calls the game itself, and the receiver of the payment plays the network's move."""
    wrapper = Wrapper(game, tmp_path)
    game.create()
    game.begin()
    if deploy.state(game.game, game.number) == "vote":
        game.vote()
    game.relay.send(game.proven(wrapper.address))
    game.vote()
    wrapper.keep(game.proven(game.relay.address))
    wrapper.send(game.game.functions.chooseClaimer(game.relay.address))
    game.relay.send(game.game.functions.claim(game.number, wrapper.address))
    result = audited(game)
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN]
    assert result["proofs"] == result["leelaMoves"] == 2
