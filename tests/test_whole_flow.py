"""The whole of it, with real proofs: a game by `proofmate simulate`, its audit, and a stack that is killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chess
import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from engine.encoding import pack_move
from server.chain import contracts, deploy, node
from server.chain.sender import Sender
from server.checks.simulate.plan import choose
from server.local.probe import rpc, unused_port
from server.settings import ROOT, Environment

pytestmark = [pytest.mark.flow, pytest.mark.timeout(1800)]


def proofmate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=defaults(), capture_output=True, text=True, check=False)


def defaults(**settings: object) -> dict[str, str]:
    """The environment with no setting but these and the cache."""
    ours = {name.upper() for name in Environment.model_fields} - {"CACHE_DIR", "NETWORK"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {name.upper(): str(value) for name, value in settings.items()}


# ------------------------------------------------------------------------------------------------ a game, and its audit


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    file = tmp_path_factory.mktemp("simulation") / "game.json"
    run = proofmate("simulate", "--voters", "20", "--seed", "1", "--json", "--save", str(file))
    assert run.returncode == 0, run.stderr
    print(run.stdout)
    return json.loads(run.stdout), file


def test_a_whole_game(simulated: tuple[dict[str, Any], Path]) -> None:
    game, _ = simulated
    amount = {name: int(game[name]) for name in ("staked", "pot", "paid", "fee", "dust")}
    assert amount["staked"] + amount["pot"] == amount["paid"] + amount["fee"] + amount["dust"]
    assert game["outcome"] in ("world", "leela", "draw")
    assert game["provenMoves"] == game["audit"]["proofs"] > 0
    assert game["plies"] == game["audit"]["crowdMoves"] + game["provenMoves"]
    assert game["leelaSecondsMedian"] <= game["leelaSecondsWorst"]


def test_the_audit_agrees_from_the_file_alone(simulated: tuple[dict[str, Any], Path]) -> None:
    game, file = simulated
    run = proofmate("audit", str(game["game"]), "--file", str(file), "--json")
    assert run.returncode == 0, run.stdout + run.stderr
    audit = json.loads(run.stdout)
    assert audit["trusted"].startswith(f"{file}, for the hash of the newest block")
    assert audit["setup"] == "insecure", "the proofs were judged by the verifier made again from the network"
    assert audit | {"trusted": game["audit"]["trusted"]} == game["audit"]


def test_one_byte_of_one_proof_is_found(simulated: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    game, file = simulated
    record = json.loads(file.read_text())
    longest = max((entry["transaction"] for entry in record["transactions"]), key=lambda part: len(part["raw"]))
    data = bytearray.fromhex(longest["raw"][2:])
    data[-100] ^= 1
    longest["raw"] = "0x" + data.hex()
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(record))
    run = proofmate("audit", str(game["game"]), "--file", str(changed), "--json")
    assert run.returncode == 1
    assert "is another than the block's root commits to" in json.loads(run.stdout)["problems"][0]


# ----------------------------------------------------------------------------------------------- `up`, killed and again


@contextmanager
def up(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`proofmate up`, ready."""
    command = [sys.executable, "-m", "server.cli", "up"]
    with (
        log.open("ab") as output,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output) as stack,
    ):
        try:
            until(lambda: stack.poll() is not None or log.read_text().count("Proofmate is at"), 600)
            assert stack.poll() is None, log.read_text()
            yield stack
        finally:
            stack.kill()
    log.write_text("")


def until(condition: Callable[[], Any], seconds: float = 180) -> Any:
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return value


def children(parent: int) -> dict[int, str]:
    """The processes that a process started: number and command line."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and fields[0] != "Z":
                found[int(status.parent.name)] = (status.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:  # gone
            continue
    return found


class Visitor:
    """One person on the page of the local demo."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.account, self.vote_key = Account.create(), Account.create()

    def game(self) -> dict[str, Any]:
        try:
            return dict(self.http.get("/api/games/0").json())
        except httpx.HTTPError:  # the api is being started again
            return {"state": "unknown", "ply": -1}

    def stake(self) -> None:
        assert self.http.post("/api/faucet", json={"address": self.account.address}).is_success
        w3 = node.connect(f"{self.http.base_url}/rpc")
        until(lambda: w3.eth.get_balance(self.account.address))
        game = contracts.game_contract(w3, self.game()["contract"])
        Sender(w3, self.account.key.to_0x_hex(), "visitor").send(
            game.functions.stake(0, 0, self.vote_key.address), deploy.ETHER
        )

    def vote(self) -> int:
        """Votes when it is the World's turn; returns the ply."""
        document = until(lambda: (game := self.game())["state"] == "vote" and game)
        move = choose(chess.Board(document["fen"]), random.Random(1))
        fields = (("game", "uint256"), ("ply", "uint16"), ("move", "uint16"), ("position", "bytes32"))
        ballot = encode_typed_data(
            {
                "name": "Proofmate",
                "version": "1",
                "chainId": document["chainId"],
                "verifyingContract": document["contract"],
            },
            {"Ballot": [{"name": name, "type": kind} for name, kind in fields]},
            {
                "game": 0,
                "ply": document["ply"],
                "move": pack_move(move),
                "position": bytes.fromhex(document["positionKey"][2:]),
            },
        )
        signed = self.vote_key.sign_message(ballot)
        compact = signed.r.to_bytes(32, "big") + (signed.s | (signed.v - 27) << 255).to_bytes(32, "big")
        body = {"seat": 0, "ply": document["ply"], "move": move.uci(), "signature": "0x" + compact.hex()}
        # A stack that just came back refuses until its relay has the lease of the one that was killed.
        post = lambda: self.http.post("/api/games/0/ballots", json=body)  # noqa: E731
        answer = until(lambda: (answer := post()).status_code != 503 and answer, 60)
        assert answer.status_code == 202, answer.text
        return int(document["ply"])


def test_a_stack_that_is_killed_goes_on(tmp_path: Path) -> None:
    port, log = unused_port(), tmp_path / "up.log"
    environment = defaults(data_dir=tmp_path / "data", port=port, chain_port=unused_port())
    environment.pop("NETWORK", None)  # what is shipped plays
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        kill_and_go_on(Visitor(http), environment, log)


def on_disk(folder: Path) -> int:
    """The newest block in the copy of the chain."""
    return int(json.loads((folder / "chain.json").read_text())["block"]["number"], 16)


def kill_and_go_on(visitor: Visitor, environment: dict[str, str], log: Path) -> None:
    with up(environment, log) as stack:
        visitor.stake()
        until(lambda: visitor.game()["state"] == "vote")
        url = f"http://127.0.0.1:{environment['CHAIN_PORT']}"
        begun = int(rpc(url, "eth_blockNumber"), 16)
        until(lambda: on_disk(Path(environment["DATA_DIR"])) >= begun)  # else the opening would be drawn again
        first = visitor.vote()
        # A ballot that was acknowledged counts, whatever is killed next.
        for process in children(stack.pid):
            os.kill(process, signal.SIGKILL)
        until(lambda: visitor.game()["ply"] > first)  # the proof is under way, or made before the api is back
        stack.kill()
        stack.wait()
    with up(environment, log) as stack:
        # The kill can lose the chain's last blocks, of which the read model still tells until the indexer looks. The
        # acknowledged ballot counts all the same: it is sent again.
        until(lambda: (game := visitor.game())["state"] == "vote" and game["ply"] > first)
        second = visitor.vote()
        assert second == first + 2, "Leela's move was proven after the kill"
        moves = visitor.game()["moves"]
        assert [move["by"] for move in moves[first : first + 2]] == ["world", "leela"]
        assert moves[first + 1]["proof"]["gas"] > 0
        started = children(stack.pid)
        stack.send_signal(signal.SIGINT)
        assert stack.wait(60) == 0
        assert not any(Path(f"/proc/{process}").exists() for process in started)
