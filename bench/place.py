"""A server on this machine for measurements: Redis, a chain, contracts and processes, on the loopback interface only.

The processes are those of `proofmate up`, started as it starts them. The verifier takes any proof, so no worker runs.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from server.chain.client import Chain
from server.keys import address_of
from server.local import valkey
from server.local.anvil import LocalChain
from server.local.children import Child, stop
from server.local.probe import redis_answers, rpc, trouble, unused_port
from server.settings import Environment, Settings
from server.store.names import Names
from tests.server.table import RECEIPT, RELAY, deploy_game

BLOCK_GAS = 60_000_000
"""Gas of a block, as on Ethereum at the end of 2025."""
TICKS = os.sysconf("SC_CLK_TCK")


class Place:
    """Redis and a chain with a game contract; `start` adds the server's processes."""

    def __init__(self, folder: Path, *chain_options: str) -> None:
        (folder / "logs").mkdir()
        (folder / "network").write_bytes(b"")
        self.folder = folder
        socket = folder / "redis" / "socket"
        given: dict[str, Any] = {"network": folder / "network", "relay_key": RELAY, "receipt_key": RECEIPT}
        given |= {"payee": address_of(RELAY), "redis_url": f"unix://{socket}"}
        given |= {"data_dir": folder, "cache_dir": folder, "port": unused_port(), "chain_port": unused_port()}
        self.env = Environment.read(**given)
        self.redis_child = valkey.embedded(socket, folder / "logs" / "redis.log")
        self.local = LocalChain(self.env, "--gas-limit", str(BLOCK_GAS), *chain_options)
        self.processes: list[Child] = []

    def begin(self) -> None:
        """Starts Redis and the chain and deploys the contract."""
        self.redis_child.start()
        self.redis_child.await_ready(lambda: redis_answers(str(self.env.redis_url)), 60)
        self.local.start(lambda text: None)
        self.env = self.env.model_copy(update={"contract": deploy_game(self.rpc_url), "start_block": 0})
        self.settings = Settings.load(self.env)
        self.chain = Chain.connect(self.settings)
        self.names = Names(self.settings.chain_id, self.settings.contract)
        self.redis = Redis.from_url(self.settings.redis_url, decode_responses=True)

    @property
    def rpc_url(self) -> str:
        """The chain's own JSON-RPC, which the processes may reach through something else."""
        return self.local.url

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env.port}"

    def rpc(self, method: str, *params: Any) -> Any:
        """A call of the chain's own JSON-RPC."""
        return rpc(self.rpc_url, method, *params)

    def start(self, *names: str, **settings: str) -> list[Child]:
        """Starts processes of the server; `settings` are environment variables that differ."""
        given = {**os.environ, **self.env.variables(), "PYTHONUNBUFFERED": "1", **settings}
        started = []
        for name in names:
            log = self.folder / "logs" / f"{name}-{len(self.processes)}.log"
            child = Child(name, [sys.executable, "-m", "server.cli", name], log, given)
            child.start()
            started.append(child)
        self.processes += started
        return started

    def await_ready(self, seconds: float = 900) -> None:
        """Waits until the api is ready. Raises RuntimeError, with what is missing, if it does not come to that."""
        end = time.monotonic() + seconds
        while (missing := trouble(f"{self.url}/readyz")) is not None:
            dead = [child for child in self.processes if not child.running]
            if dead or time.monotonic() > end:
                raise RuntimeError(f"the server is not ready: {missing}; {[child.last_words() for child in dead]}")
            time.sleep(0.2)

    def children(self) -> list[Child]:
        return [self.redis_child, self.local.child, *self.processes]

    def processor_seconds(self) -> dict[str, float]:
        """Processor time of each process so far, in seconds, those of one name together."""
        seconds: dict[str, float] = {}
        for child in self.children():
            used = 0.0 if child.process is None else processor_seconds(child.process.pid)
            seconds[child.name] = seconds.get(child.name, 0.0) + used
        return seconds

    def end(self) -> None:
        """Stops everything."""
        stop(self.processes, 8)
        stop([self.local.child, self.redis_child], 8)


@contextmanager
def place(*chain_options: str) -> Iterator[Place]:
    """A place in a folder of its own, with Redis and chain running; `chain_options` are anvil's."""
    with tempfile.TemporaryDirectory(prefix="proofmate-", dir="/tmp") as name:
        here = Place(Path(name), *chain_options)
        try:
            here.begin()
            yield here
        finally:
            here.end()


def processor_seconds(process: int) -> float:
    """Processor time of a process so far, in seconds; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def wait_for(condition: Any, seconds: float, what: str, pause: float = 0.1) -> None:
    """Waits until a condition holds. Raises RuntimeError, naming what was waited for."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(pause)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
