from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hexbytes import HexBytes
from web3.exceptions import Web3RPCError

from engine.policy import Network
from server import cli
from server.chain import contracts, deploy, proving
from server.checks import audit
from server.checks.record import Record, decode, fetch, read, write
from server.settings import Environment, SettingsError
from tests.server.scripted import VERIFIER, ScriptedGame, chain


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    folder = tmp_path_factory.mktemp("audit")
    with chain(folder) as url:
        game = ScriptedGame(url, folder)
        game.play()
        yield game


ORIGIN = "the verifier's origin (--network checks it)"


@pytest.fixture(scope="module")
def record(game: ScriptedGame) -> Record:
    return fetch(game.w3, game.game.address, game.number, game.deployment.block)


def test_a_whole_game_agrees(game: ScriptedGame, record: Record) -> None:
    result = audit.audit(record, audit.on_chain(game.w3))
    assert result["problems"] == []
    assert result["unchecked"] == [ORIGIN]
    # The draw of the opening follows the chain's clock: now and then the voters mate before maxPly.
    assert (result["ok"], result["reason"]) in ((True, "maxPly"), (True, "checkmate"))
    assert result["plies"] == result["crowdMoves"] + result["leelaMoves"]
    assert result["proofs"] == result["leelaMoves"] > 0
    assert 2 * result["crowdMoves"] <= result["ballots"] <= 3 * result["crowdMoves"]
    assert result["owed"] == "0"
    balance = game.w3.eth.get_balance(game.game.address)
    assert int(result["staked"]) + int(result["pot"]) + 10**16 == int(result["paid"]) + balance
    assert balance <= 4


@pytest.mark.slow
def test_endgames_agree_however_they_end(game: ScriptedGame) -> None:
    book = deploy.add_book(game.game, game.owner, deploy.read_book("endgames"))
    for quorum in (0, 9000):
        game.create(book=book, maxPly=40, quorum=quorum)
        game.play()
        result = audited(game)
        assert result["problems"] == []
        assert result["proofs"] == result["leelaMoves"] + result["understudyMoves"]


def audited(game: ScriptedGame) -> dict[str, Any]:
    record = fetch(game.w3, game.game.address, game.number, game.deployment.block)
    return audit.audit(record, audit.on_chain(game.w3))


def test_games_that_are_on(game: ScriptedGame) -> None:
    game.create()
    assert (audited(game)["ok"], audited(game)["outcome"]) == (True, None)
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


def test_from_a_file_without_the_chain(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(record, tmp_path / "game.json")
    assert cli.main(["audit", str(record["game"]), "--file", str(tmp_path / "game.json")]) == 0
    said = capsys.readouterr().out
    assert f"  unchecked: {ORIGIN}\neverything that was checked agrees\n" in said
    with pytest.raises(SettingsError, match="is game 0, not 7"):
        audit.run(7, None, None, None, tmp_path / "game.json", None, False)


def test_one_byte_of_one_proof(game: ScriptedGame, record: Record) -> None:
    changed = copy.deepcopy(record)
    call = _proven(changed)
    call["input"] = _flip(call["input"], -1)
    result = audit.audit(changed, audit.on_chain(game.w3))
    assert not result["ok"] and "the verifier refuses the proof" in result["problems"][0]


Change = Callable[[Record], None]


def _log(record: Record, name: str) -> Any:
    return next(log for log in record["logs"] if decode(log)[0] == name)


def _proven(record: Record) -> Any:
    """The call of a move of the network."""
    decoded = ((log, *decode(log)) for log in record["logs"])
    return next(log["call"] for log, name, args in decoded if name == "Moved" and int(args["payee"], 16))


def _flip(text: str, byte: int) -> str:
    data = bytearray.fromhex(text[2:])
    data[byte] ^= 1
    return "0x" + data.hex()


def flip_signature(record: Record) -> None:
    call = _log(record, "BallotsCast")["call"]
    call["input"] = _flip(call["input"], 4 + 4 * 32 + 20)


def flip_code(record: Record) -> None:
    verifier = decode(_log(record, "ModelAdded"))[1]["verifier"]
    record["code"][verifier] = _flip(record["code"][verifier], 5)


def flip_rules(record: Record) -> None:
    record["code"][record["rules"]] = _flip(record["code"][record["rules"]], 5)


def flip_creation(record: Record) -> None:
    record["creation"] = _flip(record["creation"], 5)


def delegate_verifier(record: Record) -> None:
    verifier = decode(_log(record, "ModelAdded"))[1]["verifier"]
    record["code"][verifier] = "0xef0100" + "12" * 20


def flip_bitmap(record: Record) -> None:
    call = _proven(record)
    call["input"] = _flip(call["input"], 4 + 2 * 32 + 31)


def flip_draw(record: Record) -> None:
    number = decode(_log(record, "DrawFixed"))[1]["drawBlock"]
    record["blocks"][str(number)]["hash"] = _flip(record["blocks"][str(number)]["hash"], 3)


def flip_position(record: Record) -> None:
    log = _log(record, "Moved")
    log["data"] = _flip(log["data"], 3 * 32 + 31)


def flip_tally(record: Record) -> None:
    log = _log(record, "VoteClosed")
    log["data"] = _flip(log["data"], 2 * 32 + 31)


def flip_outcome(record: Record) -> None:
    log = _log(record, "GameOver")
    log["data"] = _flip(log["data"], 31)


def flip_payment(record: Record) -> None:
    log = _log(record, "Claimed")
    log["data"] = _flip(log["data"], 63)


def flip_stake(record: Record) -> None:
    log = _log(record, "Staked")
    log["data"] = _flip(log["data"], 4 * 32 - 1)


def drop_ballots(record: Record) -> None:
    record["logs"].remove(_log(record, "BallotsCast"))


def drop_move(record: Record) -> None:
    record["logs"].remove(_log(record, "Moved"))


def close_early(record: Record) -> None:
    log = _log(record, "BallotsCast")
    record["blocks"][str(log["blockNumber"])]["timestamp"] += 10**9


def truncate(record: Record) -> None:
    record["blocks"].clear()


CHANGES: list[Change] = [
    flip_signature,
    flip_code,
    flip_rules,
    flip_creation,
    delegate_verifier,
    flip_bitmap,
    flip_draw,
    flip_position,
    flip_tally,
    flip_outcome,
    flip_payment,
    flip_stake,
    drop_ballots,
    drop_move,
    close_early,
    truncate,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_is_found(game: ScriptedGame, record: Record, change: Change) -> None:
    changed = copy.deepcopy(record)
    change(changed)
    result = audit.audit(changed, audit.on_chain(game.w3))
    assert not result["ok"] and len(result["problems"]) == 1


def test_a_place_that_cannot_be_written(record: Record) -> None:
    with pytest.raises(SettingsError, match="--save: /proc/game cannot be written"):
        write(record, Path("/proc/game"))


def test_no_such_game(game: ScriptedGame) -> None:
    with pytest.raises(SettingsError, match="there is no game 99"):
        fetch(game.w3, game.game.address, 99, 0)


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"game": 0}', "[" * 200_000], ids=lambda content: content[:9])
def test_a_file_that_is_no_record(tmp_path: Path, content: str) -> None:
    file = tmp_path / "game.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match="--file"):
        read(file)


def test_nothing_to_audit(
    game: ScriptedGame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHAIN_PORT", "1")
    monkeypatch.delenv("RPC_URL", raising=False)
    assert cli.main(["audit", "0"]) == 2
    assert "CONTRACT: not set, and nothing is deployed from DATA_DIR" in capsys.readouterr().err
    game.deployment.save(tmp_path)
    assert cli.main(["audit", "0"]) == 2
    assert "RPC_URL: no chain answers at http://127.0.0.1:1 (" in capsys.readouterr().err
    url = str(game.w3.provider.endpoint_uri)  # type: ignore[attr-defined]
    assert cli.main(["audit", "0", "--rpc", url, "--save", str(tmp_path / "game.json")]) == 0
    assert read(tmp_path / "game.json")["contract"] == game.game.address


def test_a_contract_without_code(game: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    url = str(game.w3.provider.endpoint_uri)  # type: ignore[attr-defined]
    assert cli.main(["audit", "0", "--rpc", url, "--contract", "0x" + "12" * 20]) == 2
    assert capsys.readouterr().err.startswith("proofmate: CONTRACT: there is no code at 0x")
    assert deploy.code_hash(game.w3, game.game.address) == game.deployment.codeHash


# ------------------------------------------------------------------------------------------------------------ contracts


def test_a_node_that_has_forgotten(game: ScriptedGame, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the block of the creation it is searched by the states; a node without them leaves it unchecked."""
    address, number = record["contract"], record["game"]
    assert fetch(game.w3, address, number, 0)["creation"] == record["creation"]

    def pruned(account: Any, block: int | None = None) -> HexBytes:
        if block is not None:
            raise Web3RPCError("missing trie node")
        return get_code(account)

    get_code = game.w3.eth.get_code
    monkeypatch.setattr(game.w3.eth, "get_code", pruned)
    result = audit.audit(fetch(game.w3, address, number, 0), audit.on_chain(game.w3))
    assert result["ok"] and any("the contract's creation" in text for text in result["unchecked"])


def test_a_nodes_trouble_is_no_refusal(game: ScriptedGame, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> None:
        raise Web3RPCError("{'code': -32005, 'message': 'rate limit'}")

    monkeypatch.setattr(game.w3.eth, "call", busy)
    with pytest.raises(Web3RPCError, match="rate limit"):
        audit.on_chain(game.w3)("0x" + "11" * 20, b"")
    with pytest.raises(Web3RPCError, match="rate limit"):
        audit.audit(record, audit.on_chain(game.w3))


@pytest.mark.parametrize("code", ["5b5f56", "fe", "56", "5f5ffd"])
def test_code_that_halts_refuses(code: str) -> None:
    """It runs out of gas, is no code, takes from an empty stack, reverts."""
    with audit.on_new_chain({"0x" + "11" * 20: "0x" + code}) as verify:
        assert not verify("0x" + "11" * 20, b"")


def test_a_file_with_code_that_no_contract_has() -> None:
    code = {"0x" + "11" * 20: "0xef01"}
    with pytest.raises(SettingsError, match="none that a chain takes"), audit.on_new_chain(code):
        pass


def test_another_contract(game: ScriptedGame, record: Record) -> None:
    changed = copy.deepcopy(record)
    changed["code"][record["contract"]] = _flip(record["code"][record["contract"]], 5)
    result = audit.audit(changed, audit.on_chain(game.w3))
    assert result["ok"] and result["unchecked"][0] == "the contract's code, which is not this checkout's"


STORES = bytes.fromhex("6001602a55")
"""How another constructor may begin: it writes storage, which our code would trust."""
PROXY = "363d3d373d3d3d363d73{}5af43d82803e903d91602b57fd5bf3"
"""Code that delegates to an address (EIP-1167); one that can be turned looks no different from here."""


def create(game: ScriptedGame, code: bytes, before: bytes = b"") -> Any:
    """Deploys any code, by a constructor that first runs `before`; the receipt."""
    # PUSH2 size, DUP1, PUSH1 offset, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
    head = b"\x61" + len(code).to_bytes(2, "big") + b"\x80\x60" + bytes([len(before) + 10]) + b"\x3d\x39\x3d\xf3"
    return game.owner.send(game.w3.eth.contract(abi=[], bytecode=before + head + code).constructor())


@pytest.mark.parametrize(
    ("before", "proxy", "complaint"),
    [(STORES, False, "the contract was made by another constructor"), (b"", True, "the code of the rules 0x")],
)
def test_our_code_by_another_constructor(game: ScriptedGame, before: bytes, proxy: bool, complaint: str) -> None:
    rules = HexBytes(game.game.functions.rules().call())
    code = game.w3.eth.get_code(game.game.address)
    if proxy:
        turned = create(game, bytes.fromhex(PROXY.format(rules.hex())))["contractAddress"]
        code = HexBytes(code.replace(rules, HexBytes(turned)))
    receipt = create(game, code, before)
    other = contracts.game_contract(game.w3, receipt["contractAddress"])
    game.owner.send(other.functions.addModel(game.deployment.verifier, True, b"\x11" * 32))
    deploy.add_book(other, game.owner, deploy.read_book("endgames"))
    deploy.create_game(other, game.owner, deploy.DEMO_TERMS)
    result = audit.audit(fetch(game.w3, other.address, 0, receipt["blockNumber"]), audit.on_chain(game.w3))
    assert len(result["problems"]) == 1 and result["problems"][0].startswith(complaint)


# ------------------------------------------------------------------------------------------------ the verifier's origin


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small network's file; the settings are those of nobody."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("CACHE_DIR", str(tmp_path))
    path = tmp_path / "tiny.safetensors"
    Network.random("tiny", planes=15, channels=8, convolutions=1, seed=1, shift=13, zero=4096).save(path)
    return path


def command(game: ScriptedGame, network: Path) -> list[str]:
    url = str(game.w3.provider.endpoint_uri)  # type: ignore[attr-defined]
    return ["audit", "0", "--rpc", url, "--contract", game.game.address, "--network", str(network)]


def test_the_verifier_made_again(
    game: ScriptedGame, network: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = VERIFIER
    monkeypatch.setattr(proving, "verifier", lambda env, network, progress: made)
    assert cli.main(command(game, network)) == 0
    assert "made again from it and the insecure setup" in (said := capsys.readouterr().out)
    assert said.endswith("\neverything agrees\n")
    made = replace(VERIFIER, source=VERIFIER.source.replace("992", "960"))
    assert cli.main(command(game, network)) == 1
    assert "WRONG: network and setup make another verifier than 0x" in capsys.readouterr().out
    made = replace(VERIFIER, network_hash="0x" + "12" * 32)
    assert cli.main(command(game, network)) == 1
    assert "WRONG: the registered network is 0x1111" in capsys.readouterr().out


def test_an_insecure_setup_registered_as_secure(game: ScriptedGame, record: Record, tmp_path: Path) -> None:
    changed = copy.deepcopy(record)
    log = _log(changed, "ModelAdded")
    log["data"] = _flip(log["data"], 2 * 32 - 1)
    code = HexBytes(contracts.compile_verifier(VERIFIER.source, tmp_path).runtime)
    result = audit.audit(changed, audit.on_chain(game.w3), audit.Origin(VERIFIER.network_hash, True, code))
    assert result["problems"] == ["the setup is insecure, and is not registered so"]


def test_no_setup_off_local_chains(network: Path) -> None:
    with pytest.raises(SettingsError, match="SETUP: missing"):
        audit.Origin.make(network, 10)


@pytest.mark.slow
def test_a_real_verifier_made_again(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verifier = proving.verifier(Environment.read(network=network), network, lambda step: None)
    with chain(tmp_path) as url:
        game = ScriptedGame(url, tmp_path, verifier=verifier)
        assert cli.main(command(game, network)) == 0
        assert capsys.readouterr().out.endswith("\neverything agrees\n")
        Network.random("tiny", planes=15, channels=8, convolutions=1, seed=2, shift=13, zero=4096).save(network)
        assert cli.main(command(game, network)) == 1
        assert "WRONG: the registered network is 0x" in capsys.readouterr().out


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
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN]
    assert result["proofs"] == result["leelaMoves"] > 0
    assert result["ballots"] == 2 * result["crowdMoves"] > 0

    def refuse(method: Any, params: Any) -> Any:
        if method.startswith("debug_"):
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "Method not found"}}
        return make_request(method, params)

    make_request = game.w3.provider.make_request
    monkeypatch.setattr(game.w3.provider, "make_request", refuse)
    untraced = audited(game)
    assert untraced["ok"] and (untraced["proofs"], untraced["ballots"]) == (0, 0)
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
    game.relay.send(game.game.functions.claim(game.number, wrapper.address))
    result = audited(game)
    assert result["problems"] == [] and result["unchecked"] == [ORIGIN]
    assert result["proofs"] == result["leelaMoves"] == 2
