"""The examples do what they say, against a server, a chain and a contract."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from server.settings import ROOT
from tests.server.table import ETHER, Table, Voter, run_anvil, serve

pytestmark = pytest.mark.slow
Played = tuple[Table, httpx.Client, int, Voter]


def example(name: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = clean(**variables)
    return subprocess.run(
        command(name, *arguments), env=environment, capture_output=True, text=True, check=False, timeout=500
    )


def command(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "examples" / f"{name}.py"), *map(str, arguments)]


def clean(**variables: str) -> dict[str, str]:
    """The environment without what examples read from it, and with `variables`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PRIVATE_KEY", "RPC_URL", "VOTE_KEY")}
    return kept | {"PYTHONPATH": str(ROOT), **variables}


@pytest.fixture
def played(table: Table) -> Iterator[Played]:
    """A game in which the crowd moved by a ballot that the example cast, and the network by a proof."""
    game, voters = table.start()
    table.relay.step()
    with serve(table) as client:
        key = "0x" + bytes(voters[0].vote.key).hex()
        with ThreadPoolExecutor(1) as pool:  # the relay goes on saying what it can carry
            casting = pool.submit(example, "cast_ballot", client.base_url, game, voters[0].seat, "e2e4", VOTE_KEY=key)
            table.run(casting.done, seconds=120)
        cast = casting.result()
        assert cast.returncode == 0, cast.stdout + cast.stderr
        assert json.loads(cast.stdout)["receipt"]["move"] == "e2e4"
        table.run(lambda: table.document(game)["state"] == "prove")
        table.prove(game, "e7e5")
        table.run(lambda: table.document(game)["state"] == "vote")
        yield table, client, game, voters[0]


def test_a_ballot_that_is_refused(played: Played) -> None:
    _, client, game, _ = played
    cast = example("cast_ballot", client.base_url, game, 0, "e4e5", VOTE_KEY="0x" + "01" * 32)
    assert cast.returncode == 1 and "not a legal move" in cast.stdout


def test_a_proof_is_verified(played: Played) -> None:
    table, client, game, _ = played
    right = example("verify_proof", client.base_url, game, 1)
    assert right.returncode == 0 and "ply 1, e7e5: proven" in right.stdout, right.stderr
    node = example("verify_proof", client.base_url, game, 1, RPC_URL=table.settings.rpc_url)
    assert node.returncode == 0 and table.settings.rpc_url in node.stdout, node.stderr
    model = table.chain.contract.functions.model(0).call()
    table.rpc("anvil_setCode", model[0], "0x5f5ffd")  # a verifier that refuses
    wrong = example("verify_proof", client.base_url, game, 1)
    assert wrong.returncode == 1 and "NOT proven" in wrong.stdout, wrong.stderr


def test_a_game_is_followed_to_its_end(played: Played) -> None:
    table, client, game, voter = played
    for uci in ("f1c4", "a7a6", "d1h5", "a6a5", "h5f7"):
        if table.document(game)["state"] == "vote":
            table.relay.step()
            client.post(f"/api/games/{game}/ballots", json=table.sign(voter, game, uci)).raise_for_status()
            table.run(lambda: table.document(game)["state"] != "vote")
        else:
            table.prove(game, uci)
            table.run(lambda: table.document(game)["state"] != "prove")
    read = example("read_stream", client.base_url, game)
    assert read.returncode == 0, read.stderr
    assert "  0  e2e4   the crowd\n  1  e7e5   proven\n" in read.stdout and read.stdout.endswith("over: world\n")


def test_digits_are_read_behind_a_contract() -> None:
    with run_anvil() as url:
        read = example("digits/digits", url)
    assert read.returncode == 0, read.stdout + read.stderr
    found = re.search(r"held out: ([\d.]+)% right in floating point, ([\d.]+)% in integers", read.stdout)
    assert found and min(map(float, found.groups())) > 88, read.stdout
    assert "the network reads 5, labelled 5: proven in" in read.stdout


def test_a_bot_stakes_votes_and_listens_to_the_end(table: Table) -> None:
    game = table.new_game(lobbyPeriod=3600, maxPly=4)
    table.stake(game, ETHER, side=1)
    table.run(lambda: table.document(game).get("state") == "lobby")
    with serve(table) as client, running("bot", client.base_url, game, "2") as bot:

        def until(condition: Callable[[dict[str, Any]], Any]) -> None:
            table.run(lambda: condition(table.document(game)) or bot.poll() is not None, seconds=60)
            assert condition(table.document(game)), "the bot has ended"

        until(lambda document: document["seats"] == 1)
        table.rpc("evm_increaseTime", 3601)
        table.mine()
        until(lambda document: document["state"] == "drawn")
        table.mine(4)
        for ply in (0, 2):
            until(lambda document, ply=ply: document["ply"] == ply and document["state"] == "vote")
            until(lambda document: document["state"] == "prove")
            table.prove(game)
        until(lambda document: document["state"] == "over")
        said, _ = bot.communicate(timeout=60)
    assert bot.returncode == 0, said
    lines = said.splitlines()
    assert lines[0] == f"game {game}: seat 0 with 2 ether"
    moves = table.document(game)["moves"]
    assert [line for line in lines if line.endswith("received")] == [
        f"ply {ply}: voted {moves[ply]['move']}, received" for ply in (0, 2)
    ]
    assert lines[-1].startswith("over: draw; ")


@contextmanager
def running(name: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """An example that runs beside the test; what it says is shown if the test fails."""
    process = subprocess.Popen(
        command(name, *arguments), env=clean(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    except BaseException:
        process.kill()
        print(process.communicate()[0])
        raise
    finally:
        process.kill()
        process.wait()
