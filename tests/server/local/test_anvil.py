from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from server.accounts import make_keys
from server.chain import deploy
from server.chain.client import Chain
from server.local.anvil import Clock, LocalChain
from server.local.children import stop
from server.local.probe import rpc, rpc_answers
from server.local.stack import Stack
from tests.server.local.conftest import Env
from tests.server.scripted import ScriptedGame


def test_the_chain_survives_a_kill(env: Env) -> None:
    settings = env()
    (settings.data_dir / "logs").mkdir(parents=True)
    local = LocalChain(settings)
    local.start(print)
    try:
        rpc(local.url, "anvil_mine", "0x7")
        rpc(local.url, "anvil_setBalance", "0x" + "12" * 20, "0x5")
        rpc(local.url, "evm_mine")
        local.next_save = 0.0
        local.save()
        assert local.child.process is not None
        os.kill(local.child.process.pid, signal.SIGKILL)
        local.child.process.wait()
        local.start(print)
        assert rpc(local.url, "eth_blockNumber") == "0x8"
        assert rpc(local.url, "eth_getBalance", "0x" + "12" * 20, "latest") == "0x5"
    finally:
        stop([local.child], 5)


def test_a_full_disk_keeps_the_copy_before(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    stack = Stack(env(), said.append, demo=False)
    stack.folder.hold()
    make_keys(stack.env)
    try:
        stack._start_chain()
        assert stack.chain is not None
        before = stack.chain.file.read_bytes()

        def full(path: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("server.local.anvil.write_atomically", full)
            for _ in range(2):
                rpc(stack.chain.url, "evm_mine")
                stack.chain.next_save = 0.0
                stack.tick()
        assert len([line for line in said if "No space left on device" in line]) == 1
        assert stack.chain.file.read_bytes() == before == stack.chain.old.read_bytes()
        stack.tick()
        assert stack.chain.file.read_bytes() != before
    finally:
        stack.stop()


@pytest.mark.slow
def test_the_clock_makes_blocks_only_when_a_game_waits(other_chain: str, tmp_path: Path) -> None:
    game = ScriptedGame(other_chain, tmp_path, votingPeriod=2)
    clock = Clock(Chain(other_chain, game.game.address, 31337))
    block = game.w3.eth.block_number
    clock.tick()
    assert game.w3.eth.block_number == block
    game.by(0).send(game.game.functions.stake(game.number, 0, game.people[0].address), deploy.ETHER)
    game.relay.send(game.game.functions.closeLobby(game.number))
    block = game.w3.eth.block_number
    for _ in range(5):
        clock.tick()
    assert game.w3.eth.block_number == block + 3, "begin needs a block after the draw's"
    game.relay.send(game.game.functions.begin(game.number))
    if deploy.state(game.game, game.number) == "prove":
        game.move()
    block = game.w3.eth.block_number
    clock.tick()
    assert game.w3.eth.block_number == block
    time.sleep(2.1)
    clock.tick()
    clock.tick()
    assert game.w3.eth.block_number == block + 1, "the vote's deadline has passed"


@pytest.mark.slow
def test_a_chain_that_hangs_is_started_again_and_what_automine_left_is_mined(
    env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.local.anvil.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr("server.local.anvil.LOOK_SECONDS", 0.0)
    said: list[str] = []
    stack = Stack(env(), said.append, demo=False)
    stack.folder.hold()
    make_keys(stack.env)
    try:
        stack._start_chain()
        assert stack.chain is not None and stack.chain.child.process is not None
        rpc(stack.chain.url, "evm_mine")
        stack.chain.next_save = 0.0
        stack.chain.save()
        first = stack.chain.child.process.pid
        os.kill(first, signal.SIGSTOP)
        end = time.monotonic() + 60
        while stack.chain.child.process is None or stack.chain.child.process.pid == first:
            assert time.monotonic() < end
            stack.tick()
            time.sleep(0.05)
        stack.chain.child.await_ready(lambda: rpc_answers(stack.chain.url), 30)  # type: ignore[union-attr]
        assert any("does not answer" in line for line in said)
        assert rpc(stack.chain.url, "eth_blockNumber") == "0x1"
        rpc(stack.chain.url, "evm_setAutomine", False)
        rpc(stack.chain.url, "anvil_impersonateAccount", "0x" + "12" * 20)
        rpc(stack.chain.url, "anvil_setBalance", "0x" + "12" * 20, hex(10**18))
        transaction = {"from": "0x" + "12" * 20, "to": "0x" + "34" * 20, "gas": hex(21_000)}
        sent = rpc(stack.chain.url, "eth_sendTransaction", transaction)
        monkeypatch.setattr(
            "server.local.anvil.rpc",
            lambda url, method, *params, **more: (
                True if method == "anvil_getAutomine" else rpc(url, method, *params, **more)
            ),
        )
        for _ in range(3):
            stack.tick()
        assert rpc(stack.chain.url, "eth_getTransactionReceipt", sent)
    finally:
        stack.stop()
