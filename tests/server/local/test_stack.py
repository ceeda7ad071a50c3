"""`proofmate up`: what it does with what it finds. The whole of it runs in tests/test_whole_flow.py."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from server import cli
from server.chain import deploy, proving
from server.chain.contracts import game_contract
from server.chain.node import connect
from server.files import write_json
from server.local.anvil import LocalChain
from server.local.children import Child
from server.local.folder import DataFolder
from server.local.probe import await_free_port, redis_answers, rpc, unused_port
from server.local.stack import Stack
from server.settings import Environment, SettingsError
from tests.server.local.conftest import Env
from tests.server.scripted import VERIFIER, account, chain


@pytest.fixture
def deployed(env: Env, started_folder: Path) -> Environment:
    """Settings of a data folder that a stack was started from."""
    settings = env()
    shutil.copytree(started_folder, settings.data_dir)
    return settings


@pytest.fixture(scope="module")
def started_folder(tmp_path_factory: pytest.TempPathFactory, network: Path) -> Path:
    folder = tmp_path_factory.mktemp("started")
    ports = {"port": unused_port(), "chain_port": unused_port()}
    env = Environment.read(**ports, data_dir=folder, cache_dir=network.parent / "cache", network=network)
    with pytest.MonkeyPatch.context() as monkeypatch:
        said = start(env, monkeypatch)
    assert any("game 0 waits for a stake" in line for line in said)
    return folder


class StartedError(Exception):
    """The stack has come as far as its processes."""


def start(env: Environment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Starts a stack up to its processes, with a verifier that needs no prover, and stops it. Returns what it said."""
    said: list[str] = []
    monkeypatch.setattr(proving, "verifier", lambda env, network, progress: with_hash(network))
    monkeypatch.setattr(Stack, "_start_processes", _started)
    stack = Stack(env, said.append)
    try:
        with pytest.raises(StartedError):
            stack.start()
    finally:
        stack.stop()
        assert not any(child.running for child in stack.children())
    return said


def _started(stack: Stack, progress: Callable[[str], None]) -> None:
    stack.tick()
    raise StartedError


def with_hash(network: Path) -> deploy.Verifier:
    return dataclasses.replace(VERIFIER, network_hash=proving.hash_of(network))


def files(folder: Path) -> dict[str, bytes]:
    """The files that hold a game."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name in ("keys.json", "deployment.json", "chain.json")
    }


def test_a_second_start_goes_on_with_the_same_game(deployed: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(deployed.data_dir)
    said = start(deployed, monkeypatch)
    assert not any("waits for a stake" in line or "contracts" in line for line in said)
    assert files(deployed.data_dir) == before


def refused(env: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What `proofmate up` says when it does not start: one sentence, exit code 2, nothing left running or changed."""
    before = files(env.data_dir) if env.data_dir.is_dir() else {}
    for name, value in env.variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(proving, "verifier", lambda env, network, progress: with_hash(network))
    assert cli.main(["up"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("proofmate: ") and error.count("\n") == 1
    for name, content in before.items():
        assert files(env.data_dir).get(name) == content, f"{name} was changed"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", env.chain_port))
    return error.removeprefix("proofmate: ").strip()


Refused = Callable[..., str]


@pytest.fixture
def refuse(env: Env, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    return lambda **values: refused(env(**values), monkeypatch, capsys)


def test_no_redis(refuse: Refused) -> None:
    message = refuse(redis_url=f"redis://user:hidden@127.0.0.1:{unused_port()}/0")
    assert message.startswith("REDIS_URL: no Redis answers at 127.0.0.1") and "hidden" not in message


def test_no_chain(refuse: Refused) -> None:
    assert refuse(rpc_url=f"http://127.0.0.1:{unused_port()}").startswith(
        "RPC_URL: no chain answers at http://127.0.0.1"
    )


def test_wrong_chain_id(refuse: Refused, other_chain: str) -> None:
    message = refuse(rpc_url=other_chain, chain_id=1337)
    assert message == f"CHAIN_ID: 1337, but the chain at {other_chain} says 31337"


@pytest.mark.parametrize("setting", ["PORT", "CHAIN_PORT"])
def test_port_taken(refuse: Refused, setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        if setting == "PORT":
            message = refuse(port=port)
        else:
            with pytest.raises(SettingsError) as raised:
                await_free_port(setting, "127.0.0.1", port)
            message = str(raised.value)
    assert message.startswith(f"{setting}: 127.0.0.1:{port} is taken") and message.endswith(f"set {setting} to another")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"chain_id": 10}, "SETUP: missing; the insecure setup is refused on chain 10"),
        ({"chain_id": 10, "setup": Path(__file__)}, "SETUP_HASH: missing"),
        ({"chain_id": 10, "setup": Path(__file__), "setup_hash": "ab" * 64}, "PUBLIC_RPC_URL: missing"),
        (
            {
                "chain_id": 10,
                "setup": Path(__file__),
                "setup_hash": "ab" * 64,
                "public_rpc_url": "https://chain.example",
            },
            "RPC_URL: missing; only a local chain",
        ),
        ({"contract": "0x" + "12" * 20}, "CONTRACT: there is no code at 0x1212"),
        ({"network": Path("/nowhere")}, "NETWORK: there is no file /nowhere"),
        ({"data_dir": Path("/proc/proofmate")}, "DATA_DIR: /proc/proofmate cannot be written to"),
    ],
)
def test_settings_that_cannot_be(refuse: Refused, values: dict[str, Any], message: str) -> None:
    assert refuse(**values).startswith(message)


def test_a_key_without_funds(refuse: Refused, other_chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_anvil(url: str, method: str, *parameters: Any) -> Any:
        if method == "anvil_setBalance":
            raise ValueError("method not found")
        return rpc(url, method, *parameters)

    monkeypatch.setattr("server.local.stack.rpc", no_anvil)
    assert refuse(rpc_url=other_chain).endswith("has no funds on chain 31337")


def test_a_chain_that_is_not_local(
    env: Env, refuse: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, network: Path
) -> None:
    with chain(tmp_path, chain_id=10) as url:
        w3 = connect(url)
        rich, richer = account(w3, "owner"), account(w3, "relay")
        poor = "0x" + "46" * 32
        given: dict[str, Any] = {"rpc_url": url, "public_rpc_url": url, "chain_id": 10}
        given |= {"setup": network, "setup_hash": "ab" * 64}
        assert refuse(**given).startswith("OWNER_KEY: missing")
        given["owner_key"] = rich.key.to_0x_hex()
        assert refuse(**given).startswith("RELAY_KEY: missing")
        assert refuse(**given, relay_key=poor).endswith("has no funds on chain 10")
        given["relay_key"] = richer.key.to_0x_hex()
        assert refuse(**given).startswith("RECEIPT_KEY: missing")
        given["receipt_key"] = poor
        assert w3.eth.block_number == 0, "something was spent before all was checked"
        settings = env(**given)
        said = start(settings, monkeypatch)
        deployment = deploy.Deployment.load(settings.data_dir)
        assert deployment is not None and deployment.chainId == 10
        game = game_contract(w3, deployment.contract)
        assert game.functions.games().call() == 0 and not any("stake" in line for line in said)
        assert not (settings.data_dir / "keys.json").exists()


def test_each_process_gets_the_key_that_it_signs_with_and_no_other(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Child] = []
    monkeypatch.setattr(Child, "start", lambda child: started.append(child))
    monkeypatch.setattr(Child, "await_ready", lambda *_: None)
    owner, relay, receipt = ("0x" + digits * 32 for digits in ("46", "47", "48"))
    monkeypatch.setenv("OWNER_KEY", owner)
    stack = Stack(env(contract="0x" + "12" * 20, relay_key=relay, receipt_key=receipt), print)
    stack._start_processes(print)
    assert [child.name for child in started] == ["indexer", "relay", "api", "worker", "recorder"]
    for child in started:
        assert child.environment is not None
        held = {owner, relay, receipt} & set(child.environment.values())
        assert held == {"api": {receipt}, "relay": {relay}}.get(child.name, set())


def test_a_second_up_on_the_same_folder(refuse: Refused, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.hold()
    try:
        assert refuse() == f"DATA_DIR: {tmp_path / 'data'} is in use by another proofmate (process {os.getpid()})"
    finally:
        folder.release()


@pytest.mark.parametrize("name", ["keys.json", "deployment.json"])
def test_half_written_files(
    name: str, deployed: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = deployed.data_dir / name
    file.write_bytes(file.read_bytes()[:-30])
    assert refused(deployed, monkeypatch, capsys).startswith(f"DATA_DIR: {file} is damaged")


def test_a_half_written_chain_falls_back_to_the_copy_before(
    deployed: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = deployed.data_dir / "chain.json"
    good = file.read_bytes()
    (deployed.data_dir / "chain.old.json").write_bytes(good)
    file.write_bytes(good[: len(good) // 2])
    said = start(deployed, monkeypatch)
    assert any("chain.json is damaged and was set aside" in line for line in said)
    assert not any("contracts" in line for line in said)
    assert (deployed.data_dir / "chain.damaged").exists()


def test_a_chain_lost_altogether(
    deployed: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in deployed.data_dir.glob("chain*"):
        path.unlink()
    assert "is lost or damaged" in refused(deployed, monkeypatch, capsys)


def test_stale_deployments(
    deployed: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = deployed.data_dir / "deployment.json"
    good = json.loads(file.read_text())
    for field, value, message in [
        ("contract", "0x" + "12" * 20, "CONTRACT: there is no code at 0x1212"),
        ("codeHash", "0x" + "12" * 32, "CONTRACT: the code at 0x"),
        ("artifactHash", "0x" + "12" * 32, "DATA_DIR: its games were deployed from other contracts"),
        ("networkHash", "0x" + "12" * 32, "NETWORK: it is not the one that plays in DATA_DIR"),
        ("chainId", 1337, "CHAIN_ID: 31337, but DATA_DIR belongs to 1337"),
        ("verifyingKeyHash", "0x" + "12" * 32, "DATA_DIR: its verifier takes no proofs"),
        ("novelty", 1, "DATA_DIR: "),
    ]:
        write_json(file, {**good, field: value})
        assert refused(deployed, monkeypatch, capsys).startswith(message)


def test_what_was_deployed_is_on_disk_before_it_is_named(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    chains: list[LocalChain] = []
    begin, save = LocalChain.start, deploy.Deployment.save

    def start_chain(chain: LocalChain, say: Callable[[str], None]) -> None:
        begin(chain, say)
        chain.next_save = math.inf
        chains.append(chain)

    def save_deployment(deployment: deploy.Deployment, folder: Path) -> None:
        (chain,) = chains
        assert chain.saved == chain._newest()
        save(deployment, folder)

    monkeypatch.setattr(LocalChain, "start", start_chain)
    monkeypatch.setattr(deploy.Deployment, "save", save_deployment)
    assert any("contracts" in line for line in start(env(), monkeypatch))


def test_the_embedded_redis_survives_a_kill(env: Env) -> None:
    import redis

    stack = Stack(env(), print)
    stack.folder.hold()
    try:
        stack._start_redis()
        assert stack.redis is not None and stack.redis.process is not None
        url = f"unix://{stack.env.data_dir}/redis/socket"
        with redis.Redis.from_url(url) as client:
            client.set("ballot", "kept")
        os.kill(stack.redis.process.pid, signal.SIGKILL)
        end = time.monotonic() + 20
        while not redis_answers(url) and time.monotonic() < end:
            stack.tick()
            time.sleep(0.05)
        with redis.Redis.from_url(url) as client:
            assert client.get("ballot") == b"kept"
    finally:
        stack.stop()
