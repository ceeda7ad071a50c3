"""What proving costs: seconds, memory, bytes and gas, measured on this machine; `proofmate bench`.

Every prover is measured in two processes of its own: one makes setup and keys with an empty cache; one starts again
with what that left, as a worker does, and proves. Their peak memory is the most that the kernel saw them hold, so it is
nobody else's and nothing of it is left out. Every proof is verified, and its move compared with the integer policy in
numpy; the first one is sent to its verifier on a local chain, and the gas is what its receipt says.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib
import json
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import chess
import httpx
import numpy as np

from engine import encoding
from engine.policy import ACTIVATION_MAX, NETWORKS, SCORE_BITS, Layer, Network, score_bound, scores

SHAPES = {"flagship": (128, 25), "wide": (256, 12), "large": (448, 12), "tiny": (8, 1)}
"""Channels and 3x3 convolutions after the stem; "tiny" is what ezkl can carry in a few GB."""
FORMAT = {"shift": 16, "zero": 1 << 13}
MLP_FORMAT = {"shift": 13, "zero": 1 << 12}
SEED = 1
CONTRACTS = Path(__file__).parents[1] / "contracts"
GAS = 1 << 40
CONTEXT = 2026
"""The context of the measured proofs: any number will do."""


@dataclass(frozen=True)
class Mlp:
    """A multilayer perceptron of the suite, and what was published for Halo2 at that size, on 64 vCPUs."""

    name: str
    hidden: tuple[int, ...]
    published_seconds: int
    published_gb: float | None


PUBLISHED = "Halo2 on 64 vCPUs"
MLPS = (
    Mlp("50k", 2 * (184,), 5, 0.18),
    Mlp("180k", 2 * (384,), 12, None),
    Mlp("520k", 3 * (488,), 65, None),
    Mlp("1.2M", 3 * (752,), 77, None),
    Mlp("4.1M", 3 * (1408,), 100, None),
    Mlp("11M", 5 * (1648,), 176, None),
    Mlp("18M", 6 * (1896,), 313, 48.0),
)


def add_parser(commands: Any) -> None:
    """Adds `bench` to the command line's subparsers."""
    bench = commands.add_parser("bench", help="measure what proving and the contracts cost on this machine")
    kinds = bench.add_subparsers(metavar="WHAT", required=True)

    prove = kinds.add_parser("prove", help="seconds, memory, bytes and gas of a proof")
    names = ", ".join(SHAPES)
    prove.add_argument("--network", metavar="NAME", help=f"{names}, or a network's file (flagship)")
    prove.add_argument("--runs", type=int, default=3, metavar="N", help="proofs to take the median of (3)")
    prove.add_argument("--against", choices=["ezkl"], help="the same network by ezkl, side by side (network: tiny)")
    prove.add_argument("--suite", choices=["mlp"], help="perceptrons of 50k to 18M parameters beside published figures")
    prove.add_argument("--json", action="store_true", help="print one JSON object, and progress on stderr")
    prove.set_defaults(run=_prove)

    contracts = kinds.add_parser("contracts", help="gas of the rules and of the game")
    contracts.add_argument("--json", action="store_true", help="print one JSON object, and progress on stderr")
    contracts.set_defaults(run=_contracts)


def _prove(options: argparse.Namespace) -> int:
    if options.runs < 1:
        return _cannot("--runs must be at least 1")
    if options.suite and (options.network or options.against):
        return _cannot("--suite goes with neither --network nor --against")
    name = options.network or ("tiny" if options.against else "flagship")
    result: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="proofmate-bench-") as temporary:
        folder = Path(temporary)
        try:
            if options.suite:
                result |= mlp_suite(options.runs, folder)
            else:
                file, weights = network_file(name, folder)
                result |= {"network": name, "weights": weights, **shape_of(Network.load(file))}
                if options.against:
                    result |= {kind: measure(kind, file, options.runs, folder) for kind in ("native", "ezkl")}
                else:
                    result |= measure("native", file, options.runs, folder)
        except (OSError, ValueError, RuntimeError, subprocess.SubprocessError) as error:
            return _cannot(str(error))
    _print(result, options.json)
    return 0


def _contracts(options: argparse.Namespace) -> int:
    result: dict[str, Any] = {"machine": machine()}
    for module, function in (("tests.contracts.bench", "chess_gas"), ("tests.contracts.game_gas", "game_gas")):
        _say(f"{function} ...")
        try:
            result |= getattr(importlib.import_module(module), function)()
        except ModuleNotFoundError as error:
            return _cannot(f"{error}: run this in the repository, with the packages for tests")
    _print(result, options.json)
    return 0


def network_file(name: str, folder: Path) -> tuple[Path, str]:
    """A network's file by name or path, and where its weights come from.

    A shape without a trained network gets random weights: time and memory depend on the shape alone.
    Raises ValueError for a name that is neither.
    """
    trained = NETWORKS / f"{name}.safetensors"
    if trained.is_file():
        return trained, "trained, sha256 " + Network.load(trained).hash.hex()
    if name in SHAPES:
        channels, convolutions = SHAPES[name]
        _say(f"{name}: making random weights ...")
        file = folder / f"{name}.safetensors"
        Network.random(name, encoding.INPUT_PLANES, channels, convolutions, SEED, **FORMAT).save(file)
        return file, f"random, seed {SEED}"
    if Path(name).is_file():
        return Path(name), "sha256 " + Network.load(Path(name)).hash.hex()
    raise ValueError(f"{name} is no network: neither {', '.join(SHAPES)} nor a file")


def shape_of(network: Network) -> dict[str, Any]:
    """What the size of a network is measured by. Raises ValueError if it is no network for chess."""
    if (network.planes, network.layers[-1].biases.size) != (encoding.INPUT_PLANES, encoding.POLICY_PLANES):
        raise ValueError(f"{network.name} is no network for chess: those have 15 input planes and 73 policy planes")
    return {"parameters": network.parameters, "multiply_adds": network.multiply_adds, "layers": len(network.layers)}


# ------------------------------------------------------------------------------------------------------------ proving


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


def measure(kind: str, network: Path, runs: int, folder: Path) -> dict[str, Any]:
    """Measures a prover ("native" or "ezkl") on a network. Raises ValueError if it refuses the network."""
    cache, verifier = folder / kind, folder / f"{kind}.sol"
    first: Making = _alone(making, kind, network, cache)
    proofs: Proving = _alone(proving, kind, network, cache, runs, verifier)
    check_moves(Network.load(network), proofs.moves)
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
        **on_chain(verifier.read_text(), proofs.calldata, proofs.forged),
    }


def _alone(function: Callable[..., Any], *arguments: object) -> Any:
    """Calls a function in a new process, so that what it needs is measured alone."""
    try:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(function, *arguments).result()
    except BrokenProcessPool:
        raise RuntimeError("the measured process died: out of memory?") from None


def making(kind: str, file: Path, cache: Path) -> Making:
    """Makes a prover with an empty cache. To be run in a new process."""
    steps = Steps(kind)
    prover = make(kind, file, cache, steps)
    steps.end()
    return Making(steps.seconds, peak_memory(prover))


def proving(kind: str, file: Path, cache: Path, runs: int, verifier: Path) -> Proving:
    """Makes a prover and `runs` proofs, checks them, and writes the verifier's source. To be run in a new process."""
    start = time.perf_counter()
    prover = make(kind, file, cache, Steps(kind))
    restart_seconds = time.perf_counter() - start
    proofs, seconds, cpu_seconds, policy_seconds = [], [], [], []
    for run, board in enumerate(boards(runs)):
        planes, legal = encoding.planes(board, False), list(encoding.legal_indices(board))
        start = time.perf_counter()
        prover.logits(planes)
        evaluated, used = time.perf_counter(), sum(os.times()[:4])
        proof = prover.prove(planes, legal, CONTEXT, Steps(f"{kind}, proof {run + 1} of {runs}"))
        policy_seconds.append(evaluated - start)
        seconds.append(time.perf_counter() - evaluated)
        cpu_seconds.append(sum(os.times()[:4]) - used)
        if not prover.verify(proof.words, proof.proof):
            raise RuntimeError(f"the proof of {board.fen()} does not verify")
        proofs.append(proof)
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
    """Progress of something long: keeps the seconds of each step, and says on stderr what has begun."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.seconds: dict[str, float] = {}
        self._step, self._start = "", time.perf_counter()

    def __call__(self, step: str, fraction: float) -> None:
        if step != self._step:
            self.end()
            self._step = step
            _say(f"{self.what}: {step} ...")

    def end(self) -> None:
        """The last step is over."""
        now = time.perf_counter()
        if self._step:
            self.seconds[self._step] = self.seconds.get(self._step, 0.0) + now - self._start
        self._step, self._start = "", now


def on_chain(source: str, calldata: bytes, forged: bytes) -> dict[str, int]:
    """Gas of a verification as its receipt says, calldata included, and the size of the verifier's code.

    Raises RuntimeError unless the verifier accepts `calldata` and refuses `forged`.
    """
    _say("compiling the verifier ...")
    code = compile_verifier(source)
    _say("verifying on a local chain ...")
    with chain() as call:
        deployed = _send(call, {"data": code})
        verifier = deployed["contractAddress"]
        transaction = {"to": verifier, "data": "0x" + calldata.hex()}
        if not call("eth_call", transaction, "latest"):
            raise RuntimeError("the verifier on the local chain refuses a proof that verifies here")
        if call("eth_call", transaction | {"data": "0x" + forged.hex()}, "latest"):
            raise RuntimeError("the verifier on the local chain accepts a proof with another public word")
        receipt = _send(call, transaction)
        runtime = len(str(call("eth_getCode", verifier, "latest"))) // 2 - 1
    return {"verify_gas": int(receipt["gasUsed"], 16), "runtime_code_bytes": runtime}


def compile_verifier(source: str) -> str:
    """The creation code of a verifier, by the compiler from npm. Raises RuntimeError.

    With the Yul optimiser solc runs out of memory on the native verifier, without it out of stack on ezkl's: what
    compiles is taken.
    """
    for yul in (False, True):
        optimizer = {"enabled": True, "runs": 1, "details": {"yul": yul}}
        output = {"*": {"*": ["evm.bytecode.object"]}}
        request = {
            "language": "Solidity",
            "sources": {"Verifier.sol": {"content": source}},
            "settings": {"evmVersion": "cancun", "optimizer": optimizer, "outputSelection": output},
        }
        run = subprocess.run(
            [CONTRACTS / "solc", "--standard-json"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json.loads(run.stdout)
        errors = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
        if not errors:
            contracts = [contract for file in answer["contracts"].values() for contract in file.values()]
            return "0x" + str(max((contract["evm"]["bytecode"]["object"] for contract in contracts), key=len))
    raise RuntimeError(f"the verifier does not compile: {errors[0]}")


@contextlib.contextmanager
def chain() -> Iterator[Callable[..., Any]]:
    """A local chain for as long as it is wanted, without limits on code and gas: a JSON-RPC call, which gives None
    where the chain gives an error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        str(CONTRACTS / "node_modules" / ".bin" / "anvil"),
        "--port",
        str(port),
        "--hardfork",
        "osaka",
        "--quiet",
    ]
    command += ["--gas-limit", str(GAS), "--disable-code-size-limit"]

    def call(method: str, *parameters: object) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        return httpx.post(f"http://127.0.0.1:{port}", json=body, timeout=120).json().get("result")

    with subprocess.Popen(command) as process:
        try:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    call("eth_chainId")
                    break
                time.sleep(0.1)
            yield call
        finally:
            process.terminate()


def _send(call: Callable[..., Any], transaction: dict[str, Any]) -> Any:
    """The receipt of a transaction that succeeds."""
    (sender, *_) = call("eth_accounts")
    receipt = call(
        "eth_getTransactionReceipt", call("eth_sendTransaction", transaction | {"from": sender, "gas": hex(GAS)})
    )
    if receipt is None or int(receipt["status"], 16) != 1:
        raise RuntimeError("a transaction fails on the local chain")
    return receipt


# ---------------------------------------------------------------------------------------------------------- the suite


def mlp_suite(runs: int, folder: Path) -> dict[str, Any]:
    """Perceptrons from 50k to 18M parameters, each beside the published figures of Halo2 at its size.

    Ours prove a perceptron on each of 64 squares, so 64 times the multiply-adds of one.
    """
    results = []
    for mlp in MLPS:
        _say(f"perceptron of {mlp.name} parameters ...")
        row: dict[str, Any] = {"network": mlp.name, "hidden": list(mlp.hidden)}
        try:
            network = perceptron(mlp)
            network.save(folder / f"{mlp.name}.safetensors")
            row |= shape_of(network)
            row |= measure("native", folder / f"{mlp.name}.safetensors", runs, folder / mlp.name)
            row["peak_gb"] = round(row["peak_mb"] / 1000, 2)
            row["below_published_seconds"] = row["prove_seconds_median"] < mlp.published_seconds
        except ValueError as error:
            row["refused"] = str(error)
        row |= {"published_seconds": mlp.published_seconds, "published_gb": mlp.published_gb}
        results.append(row)
    return {"suite": "mlp", "evaluations": 64, "published": PUBLISHED, "networks": results}


def perceptron(mlp: Mlp) -> Network:
    """1x1 layers from the planes to all moves, with random weights: a perceptron on each square, 64 at once."""
    generator = np.random.default_rng(SEED)
    shift, zero = MLP_FORMAT["shift"], MLP_FORMAT["zero"]
    hidden_bound, logit_bound = (zero - 2) << shift, score_bound(shift, zero) >> SCORE_BITS
    layers = []
    for index, (inputs, outputs) in enumerate(pairwise((encoding.INPUT_PLANES, *mlp.hidden, encoding.POLICY_PLANES))):
        bound = 0.9 * (hidden_bound if index < len(mlp.hidden) else logit_bound)
        reach = bound / (inputs * (ACTIVATION_MAX if index else 1))
        weights = generator.uniform(-reach, reach, size=(outputs, inputs))
        biases = generator.uniform(-0.01, 0.05, size=outputs) * bound
        layers.append(Layer("conv1", False, weights.astype(np.int32), biases.astype(np.int32)))
    return Network(f"mlp-{mlp.name.lower().replace('.', '-')}", encoding.INPUT_PLANES, **MLP_FORMAT, layers=layers)


# ------------------------------------------------------------------------------------------------------------- output


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "unknown")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def peak_memory(prover: Any) -> int:
    """The most memory that this process, or one of the prover's own, has held so far, in bytes."""
    status = Path("/proc/self/status").read_text()
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) << 10
    return max(own, getattr(prover, "peak_memory", 0))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _cannot(reason: str) -> int:
    _say(f"proofmate: {reason}")
    return 2


def _print(result: dict[str, Any], as_json: bool) -> None:
    print(json.dumps(result) if as_json else "\n".join(_lines(result, "")))


def _lines(result: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in result.items():
        if isinstance(value, dict):
            yield f"{indent}{key}"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for entry in value:
                yield f"{indent}{key}"
                yield from _lines(entry, indent + "  ")
        else:
            yield f"{indent}{key:<22} {value}"
