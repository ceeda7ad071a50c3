"""The faults of `proofmate chaos`: each breaks something of a place on this machine and mends it later."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.node import Mood, Node
from bench.place import Place
from server.local.children import Child

SECONDS = 5.0
"""How long a fault lasts that does not end by itself."""
DEEPEST = 5
"""Blocks that a reorganisation drops at most."""
JUMP = 3
"""Seconds that the chain's clock jumps at most."""


@dataclass
class Fault:
    """A fault under way; `mend` ends it."""

    name: str
    mend: Callable[[], None]
    ends: float
    """When it is mended (monotonic clock)."""


class Faults:
    """Draws faults by a seed."""

    def __init__(self, place: Place, nodes: list[Node], chance: random.Random) -> None:
        self.place, self.nodes, self.chance = place, nodes, chance

    def draw(self, gentle: bool) -> Fault | None:
        """Breaks something. gentle: neither the chain's blocks nor its clock, shortly before a deadline."""
        kinds = [self._kill, self._stop, self._bad_node, self._bad_nodes]
        kinds += [] if gentle else [self._reorganise, self._jump, self._kill_chain, self._stop_chain]
        return self.chance.choice(kinds)()

    def _victim(self) -> Child:
        return self.chance.choice([self.place.redis_child, *self.place.processes])

    def _kill(self) -> Fault | None:
        return self._signal(self._victim(), signal.SIGKILL)

    def _stop(self) -> Fault | None:
        return self._signal(self._victim(), signal.SIGSTOP)

    def _kill_chain(self) -> Fault | None:
        return self._signal(self.place.local.child, signal.SIGKILL)

    def _stop_chain(self) -> Fault | None:
        return self._signal(self.place.local.child, signal.SIGSTOP)

    def _signal(self, child: Child, number: signal.Signals) -> Fault | None:
        if not child.running or child.process is None:
            return None
        process = child.process
        process.send_signal(number)

        def go_on() -> None:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)

        lasts = SECONDS if number == signal.SIGSTOP else 0.0
        return Fault(f"{number.name} {child.name}", go_on, time.monotonic() + lasts)

    def _bad_node(self) -> Fault | None:
        return self._set(
            [self.chance.choice(self.nodes)], self.chance.choice(["slow", "dead", "stale", "lying", "lossy"])
        )

    def _bad_nodes(self) -> Fault | None:
        return self._set(self.nodes, self.chance.choice(["slow", "dead", "lossy"]))

    def _set(self, nodes: list[Node], mood: Mood) -> Fault | None:
        for node in nodes:
            node.set(mood)

        def mend() -> None:
            for node in nodes:
                node.set("well")

        which = "both nodes" if len(nodes) > 1 else "a node"
        return Fault(f"{which} {mood}", mend, time.monotonic() + SECONDS)

    def _reorganise(self) -> Fault | None:
        depth = self.chance.randint(1, DEEPEST)
        self.place.rpc("anvil_reorg", depth, [])
        return Fault(f"reorganisation of {depth}", lambda: None, time.monotonic())

    def _jump(self) -> Fault | None:
        seconds = self.chance.randint(1, JUMP)
        self.place.rpc("evm_increaseTime", seconds)
        return Fault(f"clock jumps {seconds} s", lambda: None, time.monotonic())
