"""What proving costs: seconds, memory and bytes, measured on this machine.

Every prover is measured in two processes of its own: one makes setup and keys with an empty cache; one starts again
with the cache that the first one left, as a worker does, and proves. Their peak memory is the kernel's high-water mark
of the process. Every proof is verified, and its move compared with the integer policy in numpy; the first one is sent
to its verifier on a local chain.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import chess

from bench.networks import PUBLISHED, SEED, SUITES, perceptron, shape_of
from bench.verifying import on_chain
from engine import encoding, ezkl_process
from engine.console import ignore_signals
from engine.policy import Network, scores

CONTEXT = 2026
"""The context of the measured proofs: any number will do."""

Report = Callable[[int, str], object]
"""Called with the steps that were just done (0 or 1) and what has begun."""
MEASURE_STEPS = 3
"""Steps of `measure` besides its proofs: keys, keys again, the verifier on a chain."""


@dataclass(frozen=True)
class Making:
    """What making a prover took: seconds of each step on the wall clock, and the process's memory in bytes."""

    steps: dict[str, float]
    peak: int


@dataclass(frozen=True)
class Proving:
    """What a process that makes a prover and proofs took, and the first proof."""

    k: int
    rows: int
    restart_seconds: float
    policy_seconds: float
    prove_seconds: list[float]
    cpu_seconds: list[float]
    """Of all cores and processes together: tells a busy machine from a slow prover."""
    peak: int
    moves: list[int]
    """The policy index that each proof shows."""
    words: int
    proof_bytes: int
    """Of the first proof, like the words and the calldata."""
    calldata: bytes
    forged: bytes
    """The calldata with one public word changed."""


def measure(
    kind: str, network: Path, runs: int, folder: Path, report: Report = lambda done, step: None
) -> dict[str, Any]:
    """Measures a prover ("native" or "ezkl") on a network, in `runs` + MEASURE_STEPS steps.

    Raises ValueError if the prover refuses the network, RuntimeError if a proof, a move or the verifier is wrong.
    """
    cache, verifier = folder / kind, folder / f"{kind}.sol"
    first: Making = _alone(report, making, kind, network, cache)
    proofs: Proving = _alone(report, proving, kind, network, cache, runs, verifier)
    check_moves(Network.load(network), proofs.moves)
    report(0, f"{kind}: the verifier on a local chain")
    gas = on_chain(verifier.read_text(), proofs.calldata, proofs.forged)
    report(1, f"{kind}: measured")
    return {
        "k": proofs.k,
        "rows": proofs.rows,
        "setup_seconds": round(first.steps.get("setup", 0.0), 2),
        "key_seconds": round(first.steps["keys"], 2),
        "setup_and_keys_peak_mb": round(first.peak / 1e6),
        "restart_seconds": round(proofs.restart_seconds, 2),
        "policy_ms": round(1000 * proofs.policy_seconds, 1),
        "prove_seconds": [round(seconds, 2) for seconds in proofs.prove_seconds],
        "prove_seconds_median": round(statistics.median(proofs.prove_seconds), 2),
        "prove_cpu_seconds": round(statistics.median(proofs.cpu_seconds), 2),
        "peak_mb": round(proofs.peak / 1e6),
        "public_words": proofs.words,
        "proof_bytes": proofs.proof_bytes,
        "calldata_bytes": len(proofs.calldata),
        **gas,
    }


def _alone(report: Report, function: Callable[..., Any], *arguments: object) -> Any:
    """Calls a function in a new process, so that what it needs is measured alone; its first argument is a `Report`.

    The process ends with this call, however the call ends. Raises what the function raises.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, function, arguments))
    process.start()
    sender.close()
    try:
        while isinstance(message := receiver.recv(), tuple):
            report(*message)
    except EOFError:
        raise RuntimeError("the measured process died: out of memory?") from None
    finally:
        process.terminate()
        process.join(5)
        process.kill()  # native code that is proving does not hear the signal
        process.join()
        receiver.close()
    if isinstance(message, BaseException):
        raise message
    return message


def _answer(sender: Connection, function: Callable[..., Any], arguments: Sequence[object]) -> None:
    """Sends tuples for `Report`, and then what the function returns or raises.

    SIGTERM ends it as an exception would, so that a prover with processes of its own ends them too.
    """
    ignore_signals()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    try:
        sender.send(function(lambda *message: sender.send(message), *arguments))
    except (OSError, ValueError, RuntimeError) as error:
        sender.send(error)


def making(report: Report, kind: str, file: Path, cache: Path) -> Making:
    """Makes a prover with an empty cache. To be run in a new process."""
    steps = Steps(kind, report)
    prover = make(kind, file, cache, steps)
    steps.end()
    report(1, f"{kind}: keys made")
    return Making(steps.seconds, peak_memory(prover))


def proving(report: Report, kind: str, file: Path, cache: Path, runs: int, verifier: Path) -> Proving:
    """Makes a prover and `runs` proofs, checks them, and writes the verifier's source. To be run in a new process."""
    start = time.perf_counter()
    prover = make(kind, file, cache, Steps(f"{kind}, again", report))
    restart_seconds = time.perf_counter() - start
    report(1, f"{kind}: keys made again")
    proofs, seconds, cpu_seconds, policy_seconds = [], [], [], []
    for run, board in enumerate(boards(runs)):
        planes, legal = encoding.planes(board, False), list(encoding.legal_indices(board))
        start = time.perf_counter()
        prover.logits(planes)
        evaluated, used = time.perf_counter(), sum(os.times()[:4])
        proof = prover.prove(planes, legal, CONTEXT, Steps(f"{kind}, proof {run + 1} of {runs}", report))
        policy_seconds.append(evaluated - start)
        seconds.append(time.perf_counter() - evaluated)
        cpu_seconds.append(sum(os.times()[:4]) - used)
        if not prover.verify(proof.words, proof.proof):
            raise RuntimeError(f"the proof of {board.fen()} does not verify")
        proofs.append(proof)
        report(1, f"{kind}: proof {run + 1} of {runs} verified")
    prover.write_verifier(verifier)
    words, proof = proofs[0].words, proofs[0].proof
    return Proving(
        k=prover.k,
        rows=prover.rows,
        restart_seconds=restart_seconds,
        policy_seconds=min(policy_seconds),
        prove_seconds=seconds,
        cpu_seconds=cpu_seconds,
        peak=peak_memory(prover),
        moves=[proof.index for proof in proofs],
        words=len(words),
        proof_bytes=len(proof),
        calldata=calldata(prover, words, proof),
        forged=calldata(prover, [*words[:-1], words[-1] ^ 1], proof),
    )


def check_moves(network: Network, moves: Sequence[int]) -> None:
    """Raises RuntimeError unless these are the moves of the integer policy in numpy in `boards`."""
    for board, move in zip(boards(len(moves)), moves, strict=True):
        ranks = scores(network.logits(encoding.planes(board, False)))
        if move != max(encoding.legal_indices(board), key=ranks.__getitem__):
            raise RuntimeError(f"the move proven in {board.fen()} is not the integer policy's")


def make(kind: str, file: Path, cache: Path, progress: Steps) -> Any:
    """The prover of a kind, with an insecure setup: "native", or "ezkl"."""
    if kind == "ezkl":
        from engine.ezkl_prover import EzklProver

        return EzklProver(file, cache, progress)
    from engine.prover import Prover
    from engine.setup import Setup

    return Prover(file, Setup.from_seed(SEED), cache, progress)


def calldata(prover: Any, words: Sequence[int], proof: bytes) -> bytes:
    """What the prover's verifier contract is sent: words and proof, unless the prover has a way of its own."""
    if hasattr(prover, "calldata"):
        return bytes(prover.calldata(words, proof))
    return b"".join(word.to_bytes(32, "big") for word in words) + proof


def boards(count: int) -> list[chess.Board]:
    """The start, and positions from random games; the same ones every time."""
    chance = random.Random(SEED)
    found = [chess.Board()]
    while len(found) < count:
        board = chess.Board()
        for _ in range(chance.randrange(1, 80)):
            board.push(chance.choice(list(board.legal_moves)))
            if board.is_game_over():
                break
        else:
            found.append(board)
    return found[:count]


class Steps:
    """A prover's progress: keeps the seconds of each step, and reports the steps that begin."""

    def __init__(self, what: str, report: Report) -> None:
        self.what, self.report = what, report
        self.seconds: dict[str, float] = {}
        self._step, self._start = "", time.perf_counter()

    def __call__(self, step: str, fraction: float) -> None:
        if step != self._step:
            self.end()
            self._step = step
            self.report(0, f"{self.what}: {step}")

    def end(self) -> None:
        """The last step is over."""
        now = time.perf_counter()
        if self._step:
            self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._start
        self._step, self._start = "", now


def perceptrons(suite: str, runs: int, folder: Path, report: Report = lambda done, step: None) -> dict[str, Any]:
    """The perceptrons of a suite, each beside the published figures of Halo2 at its size.

    Ours prove a perceptron on each of 64 squares, so 64 times the multiply-adds of one. One that the prover refuses,
    because it is too large for the circuit or for the memory, is reported as refused.
    """
    results = []
    for mlp in SUITES[suite]:
        report(0, f"perceptron of {mlp.name}")
        row: dict[str, Any] = {"network": mlp.name, "hidden": list(mlp.hidden)}
        try:
            network = perceptron(mlp)
            network.save(folder / f"{mlp.name}.safetensors")
            row |= shape_of(network)
            row |= measure("native", folder / f"{mlp.name}.safetensors", runs, folder / mlp.name, report)
            row["peak_gb"] = round(row["peak_mb"] / 1000, 2)
        except ValueError as error:
            row["refused"] = str(error)
        row |= {"published_seconds": mlp.published_seconds, "published_gb": mlp.published_gb}
        results.append(row)
    return {"suite": suite, "evaluations": 64, "published": PUBLISHED, "networks": results}


def peak_memory(prover: Any) -> int:
    """The most memory that this process, or one of the prover's own, has held so far, in bytes."""
    return max(ezkl_process.peak_memory(), getattr(prover, "peak_memory", 0))
