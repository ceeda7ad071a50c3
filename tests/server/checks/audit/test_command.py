from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hexbytes import HexBytes
from web3.exceptions import Web3RPCError

from engine.policy import Network
from engine.words import SCALAR_FIELD
from server import cli
from server.chain import contracts, deploy, proving
from server.checks.audit import command, verifying
from server.checks.audit.fetch import fetch
from server.checks.audit.game import Origin
from server.checks.audit.node import Node, NodeError
from server.checks.audit.reader import DisagreementError
from server.checks.audit.record import Record, read, write
from server.settings import Environment, SettingsError
from tests.server.checks.audit.support import ORIGIN, accepts, check, newest, record_of
from tests.server.scripted import VERIFIER, ScriptedGame, chain


def url_of(game: ScriptedGame) -> str:
    return str(game.w3.provider.endpoint_uri)  # type: ignore[attr-defined]


def options(game: ScriptedGame, *more: str) -> list[str]:
    return ["audit", "0", "--rpc", url_of(game), "--contract", game.game.address, *more]


# ----------------------------------------------------------------------------------------------- what is taken on trust


def test_the_first_line_says_what_is_trusted(played: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(options(played)) == 2
    assert capsys.readouterr().out.startswith("TRUSTED: the node, for the hash of the newest block, ")
    assert cli.main(options(played, "--rpc", url_of(played))) == 2
    assert capsys.readouterr().out.startswith("TRUSTED: 2 nodes that agree, for the hash of the newest block;")
    assert cli.main(options(played, "--block", newest(played), "--json")) == 2
    result = json.loads(capsys.readouterr().out)
    assert (result["trusted"], result["unchecked"], result["problems"]) == (None, [ORIGIN], [])
    assert (result["ok"], result["exitCode"], result["blockHash"]) == (False, 2, newest(played))


def test_a_block_that_is_none(played: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(options(played, "--block", "0x12")) == 2
    assert "--block: '0x12' is no block hash" in capsys.readouterr().err
    assert cli.main(options(played, "--block", "0x" + "12" * 32)) == 2
    assert "--block: the node knows no block 0x1212" in capsys.readouterr().err


def test_nodes_that_disagree(played: ScriptedGame, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with chain(tmp_path) as url:
        assert cli.main(options(played, "--rpc", url)) == 1
        assert "WRONG: the nodes disagree about block 0: 0x" in capsys.readouterr().out
    with chain(tmp_path, chain_id=1337) as url, pytest.raises(DisagreementError, match="several chains: 1337, 31337"):
        fetch([Node(played.w3), Node(url)], played.game.address, 0, 0)


# -------------------------------------------------------------------------------------------------------------- a file


def test_from_a_file_without_the_chain(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(record, tmp_path / "game.json")
    assert cli.main(["audit", str(record["game"]), "--file", str(tmp_path / "game.json")]) == 2
    said = capsys.readouterr().out
    assert said.startswith(f"TRUSTED: {tmp_path}/game.json, for the hash of the newest block")
    assert f"  unchecked: {ORIGIN}\neverything that was checked agrees\n" in said
    with pytest.raises(SettingsError, match="is game 0, not 7"):
        command.run(7, file=tmp_path / "game.json")


def test_a_file_of_another_block(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(record, tmp_path / "game.json")
    file = ["audit", "0", "--file", str(tmp_path / "game.json")]
    assert cli.main([*file, "--block", "0x" + "34" * 32]) == 1
    assert "WRONG: no header has the hash 0x3434" in capsys.readouterr().out


def test_a_place_that_cannot_be_written(record: Record) -> None:
    with pytest.raises(SettingsError, match="--save: /proc/game cannot be written"):
        write(record, Path("/proc/game"))


@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"game": 0}', "[" * 200_000], ids=lambda content: content[:9])
def test_a_file_that_is_no_record(tmp_path: Path, content: str) -> None:
    file = tmp_path / "game.json"
    file.write_text(content)
    with pytest.raises(SettingsError, match="--file"):
        read(file)


def test_a_file_of_another_version(record: Record, tmp_path: Path) -> None:
    write({**record, "version": 1}, tmp_path / "game.json")
    with pytest.raises(SettingsError, match="is of version 1, not 3"):
        read(tmp_path / "game.json")


# ----------------------------------------------------------------------------------------------------- nothing to audit


def test_no_such_game(played: ScriptedGame) -> None:
    with pytest.raises(SettingsError, match="there is no game 99"):
        fetch([Node(played.w3)], played.game.address, 99, 0)


def test_nothing_to_audit(
    played: ScriptedGame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHAIN_PORT", "1")
    monkeypatch.delenv("RPC_URL", raising=False)
    assert cli.main(["audit", "0"]) == 2
    assert "CONTRACT: not set, and nothing is deployed from DATA_DIR" in capsys.readouterr().err
    played.deployment.save(tmp_path)
    assert cli.main(["audit", "0"]) == 2
    assert "RPC_URL: no chain answers at http://127.0.0.1:1 (" in capsys.readouterr().err
    assert cli.main(["audit", "0", "--rpc", url_of(played), "--save", str(tmp_path / "game.json")]) == 2
    assert read(tmp_path / "game.json")["contract"] == played.game.address


def test_a_contract_without_code(played: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["audit", "0", "--rpc", url_of(played), "--contract", "0x" + "12" * 20]) == 2
    assert capsys.readouterr().err.startswith("proofmate: CONTRACT: there is no code at 0x")


def test_a_node_that_has_forgotten(played: ScriptedGame) -> None:
    """Without the block of the creation it is searched by the states; a node without them leaves it unchecked."""

    class Pruned(Node):
        def ask(self, method: str, *params: Any) -> Any:
            if method == "eth_getCode" and params[1] != hex(self.w3.eth.block_number):
                raise NodeError("missing trie node")
            return super().ask(method, *params)

    searched = fetch([Node(played.w3)], played.game.address, played.number, 0)
    assert searched["creation"] == record_of(played)["creation"] is not None
    result = check(fetch([Pruned(played.w3)], played.game.address, played.number, 0))
    assert result["problems"] == [] and any("the contract's creation" in text for text in result["unchecked"])


def test_a_node_that_makes_no_proofs(played: ScriptedGame) -> None:
    class Plain(Node):
        def ask(self, method: str, *params: Any) -> Any:
            if method == "eth_getProof":
                raise NodeError("the method does not exist")
            return super().ask(method, *params)

    result = check(fetch([Plain(played.w3)], played.game.address, played.number, 0))
    assert result["problems"] == [] and result["exitCode"] == 2
    listed = "\n".join(result["unchecked"])
    for what in (f"the code of {played.game.address}", "the contract's balance", "the contract's final state"):
        assert what in listed


def test_a_node_that_answers_nothing(played: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    result = command.run(0, [url_of(played)], played.game.address)
    assert result == 2
    capsys.readouterr()

    class Busy(Node):
        def ask(self, method: str, *params: Any) -> Any:
            raise NodeError("rate limit")

    with pytest.raises(NodeError, match="rate limit"):
        fetch([Busy(played.w3)], played.game.address, 0, 0)


# ------------------------------------------------------------------------------------------------------------ contracts

STORES = bytes.fromhex("6001602a55")
"""How another constructor may begin: it writes storage, which our code would trust."""
OWNED = bytes.fromhex("33600055")
"""Makes the sender the owner, as our constructor does: slot 0."""
PROXY = "363d3d373d3d3d363d73{}5af43d82803e903d91602b57fd5bf3"
"""Code that delegates to an address (EIP-1167); one that can be turned looks no different from here."""


def create(game: ScriptedGame, code: bytes, before: bytes = b"") -> Any:
    """Deploys any code, by a constructor that first runs `before`; the receipt."""
    # PUSH2 size, DUP1, PUSH1 offset, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
    head = b"\x61" + len(code).to_bytes(2, "big") + b"\x80\x60" + bytes([len(before) + 10]) + b"\x3d\x39\x3d\xf3"
    return game.owner.send(game.w3.eth.contract(abi=[], bytecode=before + head + code).constructor())


@pytest.mark.parametrize(
    ("before", "proxy"), [(STORES, False), (b"", True)], ids=["its constructor stores", "its rules are a proxy"]
)
def test_our_code_by_another_constructor(game: ScriptedGame, before: bytes, proxy: bool) -> None:
    rules = HexBytes(game.game.functions.rules().call())
    code = game.w3.eth.get_code(game.game.address)
    if proxy:
        turned = create(game, bytes.fromhex(PROXY.format(rules.hex())))["contractAddress"]
        code = HexBytes(code.replace(rules, HexBytes(turned)))
    receipt = create(game, code, OWNED + before)
    other = contracts.game_contract(game.w3, receipt["contractAddress"])
    game.owner.send(other.functions.addModel(game.deployment.verifier, True, b"\x11" * 32, HexBytes(VERIFIER.sample)))
    deploy.add_book(other, game.owner, deploy.read_book("endgames"))
    deploy.create_game(other, game.owner, deploy.DEMO_TERMS)
    result = check(fetch([Node(game.w3)], other.address, 0, receipt["blockNumber"]))
    # The rules of our constructor lie at the address of its first creation.
    assert result["exitCode"] == 1 and result["problems"][0].startswith("the code of the rules 0x")


# -------------------------------------------------------------------------------------------- the judge of the proofs


@pytest.mark.parametrize("code", ["5b5f56", "fe", "56", "5f5ffd"])
def test_code_that_halts_refuses(code: str) -> None:
    """It runs out of gas, is no code, takes from an empty stack, reverts."""
    with verifying.in_evm(bytes.fromhex(code)) as judge:
        assert not judge([1], b"")


def test_trouble_of_the_chains_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    with verifying.in_evm(b"\0") as judge:
        assert judge([1], b"")

        def busy(*_: Any) -> None:
            raise Web3RPCError("{'code': -32005, 'message': 'rate limit'}")

        monkeypatch.setattr("web3.eth.Eth.call", busy)
        with pytest.raises(Web3RPCError, match="rate limit"):
            judge([1], b"")


def test_code_that_no_contract_has() -> None:
    with verifying.in_evm(b"\xef\x01") as judge, pytest.raises(SettingsError, match="none that a chain takes"):
        judge([1], b"")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small network's file; the settings are those of nobody."""
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("CACHE_DIR", str(tmp_path))
    path = tmp_path / "tiny.safetensors"
    Network.random("tiny", planes=15, channels=8, convolutions=1, seed=1, shift=13, zero=4096).save(path)
    return path


def test_the_verifier_made_again(record: Record, tmp_path: Path) -> None:
    def result(network_hash: str = VERIFIER.network_hash, source: str = VERIFIER.source) -> dict[str, Any]:
        code = bytes(HexBytes(contracts.compile_verifier(source, tmp_path).runtime))
        return check(record, origin=Origin(network_hash, True, code))

    agreed = result()
    assert (agreed["exitCode"], agreed["ok"], agreed["setup"], agreed["unchecked"]) == (0, True, "insecure", [])
    another = result(source=VERIFIER.source.replace("992", "960"))
    assert another["problems"][0].startswith("network and setup make another verifier than 0x")
    assert result("0x" + "12" * 32)["problems"][0].startswith("the registered network is 0x1111")


def test_an_insecure_setup_registered_as_secure(game: ScriptedGame, tmp_path: Path) -> None:
    honest = game.game.functions.addModel(
        game.deployment.verifier, False, HexBytes(VERIFIER.network_hash), HexBytes(VERIFIER.sample)
    )
    receipt = game.owner.send(honest)
    model = game.game.events.ModelAdded().process_receipt(receipt)[0]["args"]["model"]
    game.create(model=model)
    code = bytes(HexBytes(contracts.compile_verifier(VERIFIER.source, tmp_path).runtime))
    result = check(record_of(game), origin=Origin(VERIFIER.network_hash, True, code))
    assert result["problems"] == ["the setup is insecure, and is not registered so"]


def test_no_setup_off_local_chains(network: Path) -> None:
    with pytest.raises(SettingsError, match="SETUP: missing"):
        verifying.native(network, 10)


def test_a_proof_is_judged_as_the_contract_reads_it() -> None:
    order, field = SCALAR_FIELD, verifying.BASE_FIELD
    words = [7, field - 1, field, order + field, 2**256 - 1]
    given = b"".join(word.to_bytes(32, "big") for word in words)
    made = verifying.canonical(given + b"tail")
    read = [int.from_bytes(made[start : start + 32], "big") for start in range(0, len(made), 32)]
    assert read == [7, field - 1, field % order, field % order, (2**256 - 1) % order]


@pytest.mark.slow
def test_a_real_verifier_made_again(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verifier = proving.verifier(Environment.read(network=network), network, lambda step: None)
    with chain(tmp_path) as url:
        game = ScriptedGame(url, tmp_path, verifier=verifier)
        asked = options(game, "--network", str(network))
        assert cli.main(asked) == 0
        assert capsys.readouterr().out.endswith("\neverything agrees\n")
        Network.random("tiny", planes=15, channels=8, convolutions=1, seed=2, shift=13, zero=4096).save(network)
        assert cli.main(asked) == 1
        assert "WRONG: the registered network is 0x" in capsys.readouterr().out


def test_the_judge_by_default(record: Record, network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --network the settings' one judges, if it is the game's; else the code that the contract has."""
    asked: list[Path] = []

    def native(network: Path, chain_id: int) -> tuple[Any, Origin]:
        asked.append(network)
        return accepts, Origin(VERIFIER.network_hash, True, b"")

    monkeypatch.setattr(verifying, "native", native)
    monkeypatch.setenv("NETWORK", str(network))
    assert command.check(record)["unchecked"] == [ORIGIN] and asked == []
    monkeypatch.setattr(proving, "hash_of", lambda file: VERIFIER.network_hash)
    command.check(record)
    assert asked == [network]
