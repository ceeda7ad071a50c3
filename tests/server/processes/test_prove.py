"""`proofmate prove`: a stranger proves the move that is due on a contract of somebody else's, and is paid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import encoding
from engine.policy import Network
from server import cli
from server.chain import deploy, proving
from server.chain.sender import Sender
from server.processes import prove
from server.settings import Environment
from tests.server.scripted import ScriptedGame, account, chain

pytestmark = pytest.mark.slow
PRICE = "0x3b9aca00"  # 1 gwei


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prove")
    Network.random("tiny", encoding.INPUT_PLANES, 8, 2, 1, 10, 512).save(folder / "tiny.safetensors")
    Network.random("other", encoding.INPUT_PLANES, 8, 2, 2, 10, 512).save(folder / "other.safetensors")
    return folder


@pytest.fixture(scope="module")
def game(folder: Path) -> Iterator[ScriptedGame]:
    """A game of a real verifier in which the network's move is due."""
    env = Environment.read(network=folder / "tiny.safetensors", cache_dir=folder, data_dir=folder)
    verifier = proving.verifier(env, folder / "tiny.safetensors", lambda line: None)
    with chain(folder) as url:
        yield ScriptedGame(url, folder, verifier=verifier)


@pytest.fixture(autouse=True)
def stranger(game: ScriptedGame, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The stranger's address; its key is in a file."""
    made = account(game.w3, "stranger")
    (folder / "key").write_text(made.key.to_0x_hex() + "\n")
    monkeypatch.setenv("NETWORK", str(folder / "tiny.safetensors"))
    monkeypatch.setenv("CACHE_DIR", str(folder))
    monkeypatch.setenv("DATA_DIR", str(folder / "none"))
    game.w3.provider.make_request("anvil_setNextBlockBaseFeePerGas", [PRICE])  # type: ignore[arg-type]
    return str(made.address)


def due(game: ScriptedGame, **terms: int) -> int:
    """A new game in which the network's move is due."""
    game.create(**terms)
    game.begin()
    while deploy.state(game.game, game.number) != "prove":
        game.vote()
    return game.number


def options(game: ScriptedGame, folder: Path, *more: str) -> list[str]:
    url, key = str(game.w3.provider.endpoint_uri), str(folder / "key")  # type: ignore[attr-defined]
    return ["prove", "--rpc", url, "--contract", game.game.address, "--key", key, *more]


def test_the_move_that_is_due_is_proven_and_paid(
    game: ScriptedGame, folder: Path, stranger: str, capsys: pytest.CaptureFixture[str]
) -> None:
    number = due(game)
    ply = game.position().ply
    assert cli.main(options(game, folder, "--game", str(number))) == 0
    assert f"paid game={number} ply={ply} move=" in capsys.readouterr().err
    assert game.position().ply == ply + 1
    assert game.game.functions.owed(number, stranger).call() == 10**15
    # Nothing is due any more: the crowd's turn.
    assert cli.main(options(game, folder, "--game", str(number))) == 1
    assert "nothing_proven" in capsys.readouterr().err


def test_somebody_else_may_be_the_payee(game: ScriptedGame, folder: Path) -> None:
    number, other = due(game), account(game.w3, "payee").address
    assert cli.main(options(game, folder, "--game", str(number), "--payee", other)) == 0
    assert game.game.functions.owed(number, other).call() == 10**15


def test_a_reward_below_the_gas_is_declined(
    game: ScriptedGame, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = due(game, reward=1)
    ply = game.position().ply
    assert cli.main(options(game, folder, "--game", str(number))) == 1
    assert f"declined game={number} ply={ply} reward=1 gas_cost=" in capsys.readouterr().err
    assert game.position().ply == ply
    assert cli.main(options(game, folder, "--game", str(number), "--even-at-a-loss")) == 0
    assert game.position().ply == ply + 1


def test_whoever_is_slower_sends_nothing(
    game: ScriptedGame,
    folder: Path,
    stranger: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    number = due(game)
    sent = game.w3.eth.get_transaction_count(stranger)  # type: ignore[arg-type]
    proven = prove.Stranger._watch

    def faster(self: prove.Stranger, game_number: int, position: object) -> object:
        # Another prover's move is mined while ours is made.
        monkeypatch.setattr(prove.Stranger, "_watch", proven)
        assert prove.run(
            str(game.w3.provider.endpoint_uri),  # type: ignore[attr-defined]
            game.game.address,
            number,
            False,
            None,
            key_file,
            False,
        )
        return proven(self, game_number, position)  # type: ignore[arg-type]

    key_file = folder / "other key"
    key_file.write_text(account(game.w3, "faster").key.to_0x_hex())
    monkeypatch.setattr(prove.Stranger, "_watch", faster)
    assert cli.main(options(game, folder, "--game", str(number))) == 1
    assert f"too_slow game={number}" in capsys.readouterr().err
    assert game.w3.eth.get_transaction_count(stranger) == sent  # type: ignore[arg-type]


def test_a_transaction_that_reverts_is_said_and_nothing_is_paid(
    game: ScriptedGame, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    number = due(game)
    ply = game.position().ply
    send = Sender.send_draft
    short_of_gas = lambda self, draft, fees: send(self, replace(draft, gas=draft.gas // 2), fees)  # noqa: E731
    monkeypatch.setattr(Sender, "send_draft", short_of_gas)
    assert cli.main(options(game, folder, "--game", str(number))) == 1
    assert f'reverted game={number} ply={ply} error="--key: transaction 0x' in capsys.readouterr().err
    assert game.position().ply == ply


def test_what_does_not_fit_is_said_before_anything_is_proven(
    game: ScriptedGame, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def complaint(*more: str) -> str:
        assert cli.main(options(game, folder, *more)) == 2
        return capsys.readouterr().err

    assert "--game: there is no game 999" in complaint("--game", "999")
    (folder / "bad key").write_text("0x12")
    error = complaint("--key", str(folder / "bad key"))
    assert "--key:" in error and "not a private key" in error and "0x12" not in error
    assert "cannot be read" in complaint("--key", str(folder / "no key"))
    assert "PAYEE" in complaint("--payee", "0x12")
    monkeypatch.setenv("NETWORK", str(folder / "other.safetensors"))
    assert "and the contract plays 0x" in complaint()
    monkeypatch.setenv("NETWORK", str(folder / "tiny.safetensors"))
    assert "is not this checkout's game contract" in complaint("--contract", game.deployment.verifier)
    # A verifier of other code than ours: one that accepts anything.
    url = str(game.w3.provider.endpoint_uri)  # type: ignore[attr-defined]
    code = game.w3.eth.get_code(game.deployment.verifier).to_0x_hex()  # type: ignore[arg-type]
    game.w3.provider.make_request("anvil_setCode", [game.deployment.verifier, "0x00"])  # type: ignore[arg-type]
    assert "is not the one that this network and setup make" in complaint("--rpc", url)
    game.w3.provider.make_request("anvil_setCode", [game.deployment.verifier, code])  # type: ignore[arg-type]
