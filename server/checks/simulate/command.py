"""The command `proofmate simulate`: a stack of its own, a game on it, and the result."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from server.chain.node import connect
from server.checks.audit import command, fetch, record
from server.checks.audit.node import Node
from server.checks.simulate import plan
from server.checks.simulate.play import Simulation
from server.checks.simulate.report import report
from server.local.probe import unused_port
from server.local.stack import Stack
from server.settings import Environment, SettingsError


def simulate(voters: int, seed: int, save: Path | None) -> dict[str, Any]:
    """Plays and checks one game; returns its numbers, amounts in wei as strings. Raises SimulationError."""
    if not 2 <= voters <= 1000:
        raise SettingsError(f"--voters: {voters} is not between 2 and 1000")
    folder = Path(tempfile.mkdtemp(prefix="proofmate-"))
    defaults = dict.fromkeys(("redis_url", "rpc_url", "public_rpc_url", "contract", "start_block", "mercure_url"))
    payee = plan.payee(seed).address
    ports = {
        "port": unused_port(),
        "chain_port": unused_port(),
        "host": "127.0.0.1",
        "chain_id": 31337,
        "redis_replicas": 0,
    }
    stack = Stack(Environment.read(data_dir=folder, payee=payee, **defaults, **ports), _say, demo=False)
    try:
        stack.start()
        pool = ThreadPoolExecutor(1)
        game = pool.submit(_play, stack, voters, seed, save)
        pool.shutdown(wait=False)  # when the stack is stopped, the game fails and its thread ends
        while not game.done():  # the stack is watched by the thread that started it
            stack.tick()
            time.sleep(0.25)
        result = game.result()
    except BaseException:
        _say(f"the logs are in {folder / 'logs'}")
        raise
    finally:
        stack.stop()
    shutil.rmtree(folder)
    return result


def _play(stack: Stack, voters: int, seed: int, save: Path | None) -> dict[str, Any]:
    """The game, its audit and the report."""
    assert stack.deployment is not None
    played = Simulation(stack.env, stack.deployment, stack.url, stack.rpc_url, voters, seed).run()
    node = Node(connect(stack.rpc_url))
    read = fetch.fetch([node], stack.deployment.contract, played.document["id"], stack.deployment.block)
    if save is not None:
        record.write(read, save)
    audited = command.check(read, trusted="this machine's own chain")
    started = {name: round(value, 1) for name, value in stack.steps.seconds.items()}
    return report(played, audited) | {"startSeconds": started, "audit": audited}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
