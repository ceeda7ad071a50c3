"""`proofmate create`: games with the terms that were asked for, or a sentence and no game."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from server import cli
from server.chain import deploy
from tests.server.scripted import ScriptedGame, account, chain


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    folder = tmp_path_factory.mktemp("create")
    with chain(folder) as url:
        yield ScriptedGame(url, folder)


@pytest.fixture(autouse=True)
def settings(game: ScriptedGame, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RPC_URL", str(game.w3.provider.endpoint_uri))  # type: ignore[attr-defined]
    monkeypatch.setenv("CONTRACT", game.game.address)
    monkeypatch.setenv("OWNER_KEY", account(game.w3, "owner").key.to_0x_hex())
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def terms(game: ScriptedGame, number: int) -> dict[str, int | bool]:
    return dict(game.game.functions.terms(number).call()._asdict())


def created(capsys: pytest.CaptureFixture[str], *arguments: str) -> int:
    assert cli.main(["create", *arguments]) == 0
    return int(capsys.readouterr().out.removeprefix("game "))


def test_a_bet(game: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    number = created(capsys, "bet", "votingPeriod=600", "worldIsWhite=0", "--fund", "0.25")
    made = terms(game, number)
    assert (made["lobbyPeriod"], made["votingPeriod"], made["quorum"], made["fee"]) == (86_400, 600, 5000, 200)
    assert made["leelaPoolOpen"] and not made["worldIsWhite"]


def test_a_prize(game: ScriptedGame, capsys: pytest.CaptureFixture[str]) -> None:
    before = game.w3.eth.get_balance(game.game.address)
    number = created(capsys, "prize", "--pot", "1.000000000000000001")
    assert not terms(game, number)["leelaPoolOpen"] and terms(game, number)["fee"] == 0
    assert terms(game, number)["maxStake"] == 10**17
    assert game.w3.eth.get_balance(game.game.address) - before == 10**18 + 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["bet", "votingTime=600"], "votingTime=600: not NAME=NUMBER with one of model, book,"),
        (["bet", "votingPeriod"], "votingPeriod: a number is wanted"),
        (["bet", "votingPeriod=-1"], "votingPeriod=-1: a number is wanted"),
        (["bet", "worldIsWhite=2"], "worldIsWhite=2: 0 or 1 is wanted"),
        (["bet", "votingPeriod=99999999999999999999"], "no terms that the contract can hold"),
        (["bet", "quorum=10001"], "TermOutOfRange"),
        (["bet", "model=7"], "the chain refused a transaction"),
        (["bet", "--fund", "much"], "--fund: 'much' is no amount of ether"),
        (["bet", "--fund=-1"], "--fund: '-1' is no amount of ether"),
        (["bet", "--fund", "0.0000000000000000001"], "is no amount of ether"),
        (["bet", "--fund", "NaN"], "--fund: 'NaN' is no amount of ether"),
        (["bet", "--fund", "1e12"], "the chain refused a transaction"),
        (["prize"], "--pot: a prize needs one"),
    ],
)
def test_what_is_refused(
    game: ScriptedGame, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    games = game.game.functions.games().call()
    assert cli.main(["create", *arguments]) == 2
    assert complaint in capsys.readouterr().err
    assert game.game.functions.games().call() == games


def test_who_is_not_the_owner(
    game: ScriptedGame, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OWNER_KEY", account(game.w3, "stranger").key.to_0x_hex())
    assert cli.main(["create", "bet"]) == 2 and "OwnableUnauthorizedAccount" in capsys.readouterr().err
    monkeypatch.delenv("OWNER_KEY")
    assert cli.main(["create", "bet"]) == 2 and "OWNER_KEY: missing" in capsys.readouterr().err


def test_a_chain_that_stops_answering(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> int:
        raise requests.ConnectionError

    monkeypatch.setattr(deploy, "create_game", gone)
    assert cli.main(["create", "bet"]) == 2
    assert "RPC_URL: the chain stopped answering" in capsys.readouterr().err
