"""The local chain: anvil, which makes blocks on demand, with its state on disk.

Each transaction makes a block at once. `Clock` makes another block only when a game waits for one, so the chain of an
idle demo does not grow. Anvil keeps its state in memory; `LocalChain` copies it to disk when it has changed, and spends
at most a fifth of the time on that. A kill of anvil can lose the blocks since the last copy, which the server
handles as a reorganisation.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sys
import time
from pathlib import Path

import httpx

from server.chain.client import Chain
from server.chain.contracts import CONTRACTS
from server.files import write_atomically
from server.local.children import Child, stop
from server.local.probe import rpc, rpc_answers
from server.local.steps import Say
from server.settings import Environment, SettingsError


def anvil() -> Path:
    """Path of the anvil program of the npm package. Raises SettingsError before `make setup`."""
    packages = CONTRACTS / "node_modules" / "@foundry-rs"
    found = next(packages.glob(f"anvil-{sys.platform}-*/bin/anvil"), None)
    if found is None:
        raise SettingsError(f"RPC_URL: not set, and {packages} holds no anvil for a local chain; run `make setup`")
    return found


LOOK_SECONDS = 2.0
"""Time between two looks at whether the chain answers and mines."""
ANSWER_SECONDS = 5.0
"""How long it may take to answer; after two answers that did not come it is killed."""


class UnwrittenError(SettingsError):
    """The chain's state could not be written to disk."""


class LocalChain:
    """Anvil, with its state copied to disk. `options` are added to its command."""

    def __init__(self, env: Environment, *options: str, past: int = 0) -> None:
        self.past = past
        """How many seconds ago a new chain began."""
        self.url = f"http://127.0.0.1:{env.chain_port}"
        self.file = env.data_dir / "chain.json"
        self.old = env.data_dir / "chain.old.json"
        self.saved: str | None = None
        """Hash of the newest block on disk."""
        self.next_save = 0.0
        self.next_look = 0.0
        self.unanswered = 0
        self.waiting_at: str | None = None
        """Hash of the newest block, if transactions waited on top of it at the last look."""
        command = [str(anvil()), "--host", "127.0.0.1", "--port", str(env.chain_port), "--chain-id", str(env.chain_id)]
        command += ["--accounts", "0", "--no-cors", "--hardfork", "osaka", "--enable-tx-gas-limit", "--quiet"]
        command += [*options, "--load-state", str(self.file)]
        self.child = Child("chain", command, env.data_dir / "logs" / "chain.log")

    def start(self, say: Say) -> None:
        """Starts anvil with the state on disk, or a new chain. Raises SettingsError."""
        self._restore(say)
        self.child.start()
        self.child.await_ready(lambda: rpc_answers(self.url), 30)
        self.saved = self._newest()

    def _restore(self, say: Say) -> None:
        for file in (self.file, self.old):
            if not file.exists():
                continue
            try:
                json.loads(file.read_bytes())
            except ValueError:
                say(f"  {file.name} is damaged and was set aside; an older copy of the chain is used if there is one")
                file.replace(file.with_suffix(".damaged"))
                continue
            if file != self.file:
                shutil.copyfile(file, self.file)
            return
        if (self.file.parent / "deployment.json").exists():
            raise SettingsError(f"DATA_DIR: {self.file} is lost or damaged; start over with `proofmate reset`")
        # Anvil wants a file to load: a new chain is started once to get one.
        command = [part for part in self.child.command if part not in ("--load-state", str(self.file))]
        self.child.command = [*command, "--timestamp", str(int(time.time()) - self.past)]
        self.child.start()
        self.child.await_ready(lambda: rpc_answers(self.url), 30)
        self.save()
        stop([self.child], 5)
        self.child.process = None
        self.child.command = [*command, "--load-state", str(self.file)]

    def _newest(self) -> str:
        return str(rpc(self.url, "eth_getBlockByNumber", "latest", False, seconds=ANSWER_SECONDS)["hash"])

    def watch(self, say: Say) -> None:
        """Kills a chain that hangs, for `tend` to start it again with its state on disk, and mines what it left behind.

        Automine can stop with transactions still pending, and one call with an endless loop can hold up everything.
        """
        if time.monotonic() < self.next_look or self.child.process is None:
            return
        self.next_look = time.monotonic() + LOOK_SECONDS
        try:
            waiting = int(rpc(self.url, "txpool_status", seconds=ANSWER_SECONDS)["pending"], 16)
            newest = self._newest()
            if waiting and newest == self.waiting_at and rpc(self.url, "anvil_getAutomine"):
                rpc(self.url, "evm_mine")
            self.waiting_at = newest if waiting else None
            self.unanswered = 0
        except httpx.TimeoutException:
            self.unanswered += 1
            if self.unanswered == 2:
                say("the chain does not answer; it is killed and started again from its last copy on disk")
                self.child.process.kill()
                self.unanswered = 0

    def save(self) -> None:
        """Copies the chain's state to disk if it has changed. A kill at any moment leaves one good copy.

        Raises UnwrittenError, with the copy before still there, if the disk does not take it.
        """
        newest = self._newest()
        if newest == self.saved or time.monotonic() < self.next_save:
            return
        began = time.monotonic()
        state = gzip.decompress(bytes.fromhex(rpc(self.url, "anvil_dumpState")[2:]))
        try:
            if self.file.exists():
                self.old.unlink(missing_ok=True)
                os.link(self.file, self.old)
            write_atomically(self.file, state)
        except OSError as error:
            raise UnwrittenError(f"DATA_DIR: {self.file} cannot be written ({error.strerror})") from None
        self.saved = newest
        self.next_save = time.monotonic() + 4 * (time.monotonic() - began)  # at most a fifth of the time


class Clock:
    """Makes a block on a local chain when a game waits for one: for its draw, or after a deadline."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.seen = ""
        """Hash of the block at which the games were last looked at."""
        self.over: set[int] = set()
        self.times: list[int] = []
        self.draw_block = 0

    def tick(self) -> bool:
        """Makes at most one block. Returns whether there are blocks since the last call."""
        latest = self.chain.head()
        changed = latest.hash != self.seen
        if changed:
            self._look()
            self.seen = latest.hash
        now = time.time()
        if latest.number <= self.draw_block or any(latest.time < moment <= now for moment in self.times):
            self.chain.w3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]
        return changed

    def _look(self) -> None:
        """Notes which block and which times the running games wait for."""
        self.times, self.draw_block = [], 0
        for number in range(self.chain.contract.functions.games().call()):
            if number in self.over:
                continue
            game = self.chain.summary(number)
            if game.state == "over":
                self.over.add(number)
            elif game.state == "drawn":
                self.draw_block = max(self.draw_block, game.draw_block)
            self.times += [game.deadline, game.decidable_at]
