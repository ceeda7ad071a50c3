from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server import audit, cli, deploy
from server.record import Record, decode, fetch, read, write
from server.settings import SettingsError
from tests.server.scripted import ScriptedGame, chain


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedGame]:
    folder = tmp_path_factory.mktemp("audit")
    with chain(folder) as url:
        game = ScriptedGame(url, folder)
        game.play()
        yield game


@pytest.fixture(scope="module")
def record(game: ScriptedGame) -> Record:
    return fetch(game.w3, game.game.address, game.number, game.deployment.block)


def test_a_whole_game_agrees(game: ScriptedGame, record: Record) -> None:
    result = audit.audit(record, audit.on_chain(game.w3))
    assert result["problems"] == []
    assert result["contractIsOurs"]
    # The draw of the opening follows the chain's clock: now and then the voters mate before maxPly.
    assert (result["ok"], result["reason"]) in ((True, "maxPly"), (True, "checkmate"))
    assert result["plies"] == result["crowdMoves"] + result["leelaMoves"]
    assert result["proofs"] == result["leelaMoves"] > 0
    assert 2 * result["crowdMoves"] <= result["ballots"] <= 3 * result["crowdMoves"]
    assert result["owed"] == "0"
    balance = game.w3.eth.get_balance(game.game.address)
    assert int(result["staked"]) + int(result["pot"]) + 10**16 == int(result["paid"]) + balance
    assert balance <= 4


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
    assert "everything agrees" in capsys.readouterr().out
    with pytest.raises(SettingsError, match="is game 0, not 7"):
        audit.run(7, None, None, tmp_path / "game.json", None, False)


def test_one_byte_of_one_proof(game: ScriptedGame, record: Record) -> None:
    changed = copy.deepcopy(record)
    transaction = _proven(changed)
    transaction["input"] = _flip(transaction["input"], -1)
    result = audit.audit(changed, audit.on_chain(game.w3))
    assert not result["ok"] and "the verifier refuses the proof" in result["problems"][0]


Change = Callable[[Record], None]


def _log(record: Record, name: str) -> Any:
    return next(log for log in record["logs"] if decode(log)[0] == name)


def _input(record: Record, name: str) -> Any:
    return record["transactions"][_log(record, name)["transactionHash"]]


def _proven(record: Record) -> Any:
    """The transaction of a move of the network."""
    decoded = ((log, *decode(log)) for log in record["logs"])
    moves = [log for log, name, args in decoded if name == "Moved" and int(args["payee"], 16)]
    return record["transactions"][moves[0]["transactionHash"]]


def _flip(text: str, byte: int) -> str:
    data = bytearray.fromhex(text[2:])
    data[byte] ^= 1
    return "0x" + data.hex()


def flip_signature(record: Record) -> None:
    transaction = _input(record, "BallotsCast")
    transaction["input"] = _flip(transaction["input"], 4 + 4 * 32 + 20)


def flip_code(record: Record) -> None:
    verifier = decode(_log(record, "ModelAdded"))[1]["verifier"]
    record["code"][verifier] = _flip(record["code"][verifier], 5)


def flip_bitmap(record: Record) -> None:
    transaction = _proven(record)
    transaction["input"] = _flip(transaction["input"], 4 + 2 * 32 + 31)


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
    record["transactions"].clear()


CHANGES: list[Change] = [
    flip_signature,
    flip_code,
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
