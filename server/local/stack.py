"""`proofmate up`: Redis, a local chain, contracts, a game and the server's processes, on one machine and in one folder.

Services and keys that are set (`REDIS_URL`, `RPC_URL`, `CONTRACT`, keys, `SETUP`) are used; the others are started or
made here. Any process can be killed at any time, this one included, and the next start continues the same games.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import requests
from redis.exceptions import RedisError
from web3 import Web3
from web3.exceptions import Web3Exception

from server.accounts import KEYS, key_of, make_keys
from server.chain import chains, deploy, proving
from server.chain.client import Chain
from server.chain.contracts import artifact_hash, compile_verifier
from server.chain.node import connect, first_of
from server.chain.sender import Sender
from server.chain.signer import signer_of, signers_of
from server.local import valkey
from server.local.anvil import Clock, LocalChain, UnwrittenError
from server.local.children import Child, stop, tend
from server.local.folder import DataFolder
from server.local.probe import await_free_port, redis_answers, rpc, trouble
from server.local.steps import Say, Steps
from server.local.vault import HISTORY_SECONDS, Trader, VaultDeployment, deploy_vault, identity
from server.processes.series import Series, demo_plan
from server.settings import Environment, Settings, SettingsError, check_setup, network_of, public_rpc, socket_of
from server.store.connect import connect_redis, connect_to
from server.store.names import Names

SERIES_SECONDS = 0.5
"""Time between two looks at whether a lobby is to be opened."""
SIGNS_WITH = {"api": "receipt", "relay": "relay", "keeper": "keeper"}
"""The account that a process signs for; it is started without the keys of the others."""
LOCAL_BALANCE = 1_000_000 * deploy.ETHER
"""What each of the operator's accounts gets on a local chain, in wei."""


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
        self.series: Series | None = None
        self._series_due = 0.0
        self.trader: Trader | None = None
        """Moves the price of the local vault's market."""
        self.deployment: deploy.Deployment | None = None
        self._last_trouble = ""
        self.relay: str | None = None
        """The relay's address."""

    # -------------------------------------------------------------------------------------------------------- start

    @property
    def url(self) -> str:
        """The page's URL."""
        host = self.env.host if self.env.host not in ("0.0.0.0", "::") else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.env.port}"

    @property
    def rpc_url(self) -> str:
        """The URL of the chain's JSON-RPC."""
        return deploy.node_of(self.env)

    def start(self) -> None:
        """Starts everything. Raises SettingsError, with nothing damaged; `stop` must be called in any case."""
        env = self.env
        check_setup(env)
        chains.check(env)
        public_rpc(env)
        network = network_of(env)
        if self.demo and not (env.frontend / "index.html").is_file():
            self.say(f"  FRONTEND: no page is built in {env.frontend}, only the API is served; run `make setup`")
        self.folder.hold()
        if env.local:
            make_keys(env)
        await_free_port("PORT", env.host, env.port)
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

    @property
    def _has_vault(self) -> bool:
        """Whether a vault is started beside the games."""
        return self.demo and self.env.local and self.env.local_vault and self.env.vault is None

    def _start_redis(self) -> None:
        if self.env.redis_url is not None:
            connect_to(self.env.redis_url, "any").close()
            return
        path = socket_of(self.env)
        self.redis = valkey.embedded(path, self.env.data_dir / "logs" / "redis.log")
        self.redis.start()
        self.redis.await_ready(lambda: redis_answers(f"unix://{path}"), 60)

    def _start_chain(self) -> None:
        env = self.env
        if env.rpc_url is None:
            if not env.local:
                raise SettingsError(f"RPC_URL: missing; only a local chain is started here, and {env.chain_id} is none")
            await_free_port("CHAIN_PORT", "127.0.0.1", env.chain_port)
            self.chain = LocalChain(env, past=HISTORY_SECONDS if self._has_vault else 0)
            self.chain.start(self.say)
        try:
            chain_id = int(rpc(first_of(self.rpc_url), "eth_chainId"), 16)
        except (OSError, httpx.HTTPError, ValueError, TypeError) as error:
            raise SettingsError(f"RPC_URL: no chain answers at {self.rpc_url} ({type(error).__name__})") from None
        if chain_id != env.chain_id:
            raise SettingsError(f"CHAIN_ID: {env.chain_id}, but the chain at {self.rpc_url} says {chain_id}")
        deployed = env.contract or (env.data_dir / "deployment.json").exists()
        for name in (
            ("owner", "relay", "house", "keeper") if env.local else ("relay",) if deployed else ("owner", "relay")
        ):
            signers = signers_of(env, name)
            if not signers:
                text = f"missing; an account with funds on chain {env.chain_id} is needed"
                raise SettingsError(f"{name.upper()}_KEY: {text}")
            for signer in signers:
                self._check_account(f"{name.upper()}_KEY", signer.address)
            if name == "relay":
                self.relay = signers[0].address
        if key_of(env, "receipt") is None:
            raise SettingsError("RECEIPT_KEY: missing; a key of its own that signs receipts of ballots, without funds")

    def _check_account(self, setting: str, address: str) -> None:
        """Checks that an account of the operator can pay; on a local chain, gives it play money."""
        balance = int(rpc(first_of(self.rpc_url), "eth_getBalance", address, "latest"), 16)
        if self.env.local and balance < LOCAL_BALANCE // 1000:
            with contextlib.suppress(ValueError):  # a node that is not anvil cannot give money
                rpc(first_of(self.rpc_url), "anvil_setBalance", address, hex(LOCAL_BALANCE))
                balance = LOCAL_BALANCE
        if balance == 0:
            raise SettingsError(f"{setting}: {address} has no funds on chain {self.env.chain_id}")

    def _deploy(self, network: Path) -> None:
        env = self.env
        w3 = connect(self.rpc_url)
        if env.contract is not None:
            if not w3.eth.get_code(Web3.to_checksum_address(env.contract)):
                raise SettingsError(f"CONTRACT: there is no code at {env.contract} on chain {env.chain_id}")
            return
        self.deployment = deploy.Deployment.load(env.data_dir)
        if self.deployment is not None:
            if self.deployment.chainId != env.chain_id:
                raise SettingsError(f"CHAIN_ID: {env.chain_id}, but DATA_DIR belongs to {self.deployment.chainId}")
            deploy.check(w3, self.deployment, proving.hash_of(network))
        owner = signer_of(env, "owner")
        artifact_hash()  # raises if the contracts are not built, before minutes are spent on keys
        if self._has_vault and self.chain is not None and owner is not None:
            self._begin_vault(w3, Sender(w3, owner, "OWNER_KEY"))  # first: a new chain is still in the past
        with self.steps("setup and keys") as progress:
            verifier = proving.verifier(env, network, progress)
        if self.deployment is not None:
            deploy.check_verifier(self.deployment, verifier)
        elif owner is not None:
            with self.steps("verifier compiled"):
                compile_verifier(verifier.source, env.cache_dir)
            with self.steps("contracts"):
                self.deployment = deploy.deploy(w3, Sender(w3, owner, "OWNER_KEY"), verifier, env.cache_dir)
                self._save_now()
                self.deployment.save(env.data_dir)
        if env.local and self.deployment is not None:
            self.clock = Clock(Chain(self.rpc_url, self.deployment.contract, env.chain_id))
            if self.demo:
                with self.steps("game"):
                    self._begin_series()

    def _save_now(self) -> None:
        """Saves the chain before a file names what is on it."""
        if self.chain is not None:
            self.chain.next_save = 0.0
            self.chain.save()

    def _begin_vault(self, w3: Web3, owner: Sender) -> None:
        """The vault of the local demo, deployed at the first start."""
        env = self.env
        kept = VaultDeployment.load(env.data_dir)
        if kept is not None and (
            kept.made != identity(env) or not w3.eth.get_code(Web3.to_checksum_address(kept.vault))
        ):
            self.say("  the vault in DATA_DIR is of other contracts or another network; a new one is deployed")
            kept = None
        if kept is None:
            with self.steps("vault") as progress:
                kept = deploy_vault(env, w3, owner, progress)
                self._save_now()
                kept.save(env.data_dir)
        self.trader = Trader.of(kept, w3, owner)

    def _begin_series(self) -> None:
        """The first game waits for its first visitor, however long; the series opens the others."""
        assert self.clock is not None and self.deployment is not None
        owner_key, house_key = key_of(self.env, "owner"), key_of(self.env, "house")
        assert owner_key is not None and house_key is not None
        chain = self.clock.chain
        owner, house = Sender(chain.w3, owner_key, "OWNER_KEY"), Sender(chain.w3, house_key, "HOUSE_KEY")
        plan = demo_plan(self.env, self.deployment.model, self.deployment.book)
        settings = Settings.load(self.env)
        names = Names.of(settings)
        self.series = Series(chain.contract, owner, connect_redis(settings), names, plan, house)
        created = deploy.first_game(chain.contract, owner, self.deployment)
        if created is not None:
            self.say(f"  game {created} waits for a stake")
        self.series.step()

    def _start_processes(self, progress: Callable[[str], None]) -> None:
        settings = Settings.load(self.env)  # raises here for a missing setting, not once in each process
        if self.trader is not None:
            redis, seen = connect_redis(settings), Names.of(settings).vault_visited
            self.trader.watched = lambda: bool(redis.exists(seen))
        given = {**os.environ, **self.env.variables(), "PYTHONUNBUFFERED": "1"}
        if self.env.payee is None and self.relay is not None:
            given["PAYEE"] = self.relay  # the worker needs to know the address, not the key

        def start(name: str) -> Child:
            own = SIGNS_WITH.get(name)
            others = tuple(f"{key.upper()}_{kind}" for key in KEYS if key != own for kind in ("KEY", "SIGNER"))
            environment = {name: value for name, value in given.items() if not name.upper().startswith(others)}
            if self.env.operator_port:  # one each: the api's, then in the order of the start
                environment["OPERATOR_PORT"] = str(self.env.operator_port + len(self.processes))
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
        start("relay")
        start("api").await_ready(ready, 120)
        # The worker comes last: it makes its keys with all cores, which would delay the page.
        start("worker")
        if settings.vault is not None and (self.env.local or self.env.keeper_key is not None):
            start("keeper")
        start("recorder")

    # -------------------------------------------------------------------------------------------------------- watch

    def children(self) -> list[Child]:
        """The processes, in the order in which they are started."""
        chain = None if self.chain is None else self.chain.child
        return [child for child in (self.redis, chain, *self.processes) if child is not None]

    def tick(self) -> None:
        """Restarts what died, makes blocks that are waited for, saves the chain. Call it a few times a second."""
        tend(self.children(), self.say)
        try:
            if self.chain is not None and not self.chain.child.running:
                return
            if self.chain is not None:
                self.chain.watch(self.say)
            if self.clock is not None:
                self.clock.tick()
            if self.series is not None and time.monotonic() >= self._series_due:
                self._series_due = time.monotonic() + SERIES_SECONDS
                self.series.step()
            if self.trader is not None:
                self.trader.tick(time.time())
            self._save_chain()
        except (OSError, httpx.HTTPError, Web3Exception, RedisError, SettingsError, ValueError) as error:
            if self.clock is not None:
                self.clock.seen = ""  # look at the games again at the next tick
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
        """Calls `tick` until KeyboardInterrupt."""
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
