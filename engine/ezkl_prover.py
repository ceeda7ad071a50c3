"""The baseline prover: the same integer network through ONNX and ezkl, for small networks.

Its public words hold all logits, so the reader of a proof ranks the moves. It costs far more than the native circuit:
it is the baseline of the benchmark, and a check of the integer policy by code that others wrote.

ezkl computes with integers that carry a scale. Here every activation has the scale `shift`: the integer n stands for
the real number n / 2^shift, and weights are integers at scale 0. A hidden layer is then, in reals and in ONNX,

    y  = W x + b + 1/2 (+ 2^shift x_skip)
    f  = floor(y)                               exact: ezkl writes y in base 2^shift and drops the last digit
    x' = clamp(f / 2^shift, 0, 127 / 2^shift)

which is engine/policy.py's layer. ezkl's own division leaves the prover one unit of freedom: the quotient q of n by d
need only satisfy |n - q d| < d. A multiple of d, as f is, has exactly one such q; so the floor comes first. ezkl's
random checks of matrix products ("Freivalds") are switched off: its challenge does not bind the witness.

Public words: 64 a plane of input (0 or 1, by square), the context, 64 a plane of logits (mod p, by policy index). The
circuit takes the input as it is: who reads the words must know that they are bits, as `verify` does.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from filelock import FileLock
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from engine.policy import ACTIVATION_MAX, Network, logit_unit, scores
from engine.proof import Progress, Proof, ProofCancelled
from engine.words import SCALAR_FIELD

VERSION = "23.0.5"
"""Of ezkl. Its circuits and keys differ from version to version."""
MAX_K = 20
EXACT = 1 << 24
"""Integers up to this are exact in the 32-bit floats that ezkl reads constants through."""
SQUARES = 64


class EzklProver:
    """Proves evaluations of a small network with ezkl. The methods are those of `engine.prover.Prover`.

    network: the file; `ValueError` if it is too large for this prover (more than 2^20 rows, weights of 2^24 and more).
    cache: a folder; keys (0.1 to 8 GB) are derived on first use and kept in it, with a random setup made on the spot.
    progress: called with ("setup" or "keys", fraction of the derivation).
    """

    insecure = True
    """Whoever made the setup could have kept its secret: fit for tests and benchmarks only."""

    def __init__(self, network: Path, cache: Path, progress: Progress | None = None) -> None:
        self.network = Network.load(network)
        self.network_hash = self.network.hash
        self.logit_unit = logit_unit(self.network.shift)
        self.peak_memory = 0
        """Bytes: the most that a process of ezkl's needed so far."""
        model = to_onnx(self.network).SerializeToString(deterministic=True)
        identity = hashlib.sha256(VERSION.encode() + self.network_hash + model).hexdigest()[:32]
        self._folder = cache / f"ezkl-{identity}"
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"ezkl-{identity}.lock"):
            if not _complete(self._folder):
                self._derive(model, progress)
        settings = json.loads((self._folder / "settings.json").read_text())
        self.k: int = settings["run_args"]["logrows"]
        self.rows: int = settings["num_rows"]
        """Rows in use, before they are wrapped into columns."""
        self.verifying_key_hash = hashlib.sha256((self._folder / "vk").read_bytes()).digest()

    def logits(self, planes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The network's logits by policy index (engine/policy.py)."""
        return self.network.logits(planes)

    def prove(
        self,
        planes: NDArray[np.uint8],
        legal: Iterable[int],
        context: int,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Proof:
        """Proves the logits of a position; `index` is the best of the legal moves by them.

        planes: (planes, 8, 8) of 0 and 1. legal: policy indices, at least one. context: an element of the scalar field.
        cancelled: asked ten times a second; the proof is given up (`ProofCancelled`) when it says yes.
        ezkl does not tell how far it is: progress is called at the start of "witness" and "proof".
        """
        start = time.perf_counter()
        inputs = [int(bit) for bit in np.asarray(planes).reshape(-1)]
        moves = list(legal)
        if not moves:
            raise ValueError("there is no legal move to prove")
        _check_public(inputs, context, self.network.planes)
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="proof-") as folder:
            data = Path(folder) / "input.json"
            data.write_text(json.dumps({"input_data": [[_felt(word) for word in (*inputs, context)]]}))
            instances, proof = self._run(_prove, self._folder, data, progress=progress, cancelled=cancelled)
        words = [int.from_bytes(bytes.fromhex(felt), "little") for felt in instances]
        if not np.array_equal(self._logits_of(words), self.network.logits(planes)):
            raise RuntimeError("ezkl's logits are not the network's")
        return Proof(index=self.best(words, moves), words=words, proof=proof, seconds=time.perf_counter() - start)

    def best(self, words: Sequence[int], legal: Iterable[int]) -> int:
        """The legal move that the words of a proof rank first, by policy index."""
        ranks = scores(self._logits_of(words))
        return max(legal, key=lambda index: int(ranks[index]))

    def verify(self, words: Sequence[int], proof: bytes) -> bool:
        """Whether the proof shows that the network's logits are the words'. Never raises for a bad proof."""
        count = self.network.planes * SQUARES
        try:
            _check_public(words[:count], words[count], self.network.planes)
        except (IndexError, ValueError):
            return False
        if len(words) != count + 1 + _outputs(self.network) or not all(0 <= word < SCALAR_FIELD for word in words):
            return False
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="verify-") as folder:
            return bool(self._run(_verify, self._folder, self._write_proof(Path(folder), words, proof)))

    def calldata(self, words: Sequence[int], proof: bytes) -> bytes:
        """What to send to the verifier contract: `verifyProof(bytes, uint256[])`, which reverts for a bad proof."""
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="calldata-") as folder:
            return bytes(self._run(_calldata, self._write_proof(Path(folder), words, proof)))

    def write_verifier(self, path: Path) -> None:
        """Writes the Solidity source of the verifier contract (`Halo2Verifier`)."""
        source = self._folder / "verifier.sol"
        if not source.exists():
            self._run(_write_verifier, self._folder)
        shutil.copyfile(source, path)

    def _logits_of(self, words: Sequence[int]) -> NDArray[np.int64]:
        logits = words[self.network.planes * SQUARES + 1 :]
        return np.array([word - SCALAR_FIELD if word > SCALAR_FIELD // 2 else word for word in logits], dtype=np.int64)

    def _write_proof(self, folder: Path, words: Sequence[int], proof: bytes) -> Path:
        path = folder / "proof.json"
        content = {
            "protocol": None,
            "instances": [[_felt(word) for word in words]],
            "proof": list(proof),
            "hex_proof": "0x" + proof.hex(),
            "split": None,
            "pretty_public_inputs": None,
            "timestamp": None,
            "version": VERSION,
        }
        path.write_text(json.dumps(content))
        return path

    def _derive(self, model: bytes, progress: Progress | None) -> None:
        """Builds the key folder beside its place and moves it there whole, so that a kill leaves no half of it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        unfinished = self._folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        (unfinished / "model.onnx").write_bytes(model)
        try:
            self._run(_derive, unfinished, self.network.shift, _legs(self.network), progress=progress)
            unfinished.rename(self._folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _run(
        self,
        function: Callable[..., Any],
        *arguments: object,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Any:
        """Runs one of the functions below in a process of its own.

        ezkl holds Python's lock while it proves, prints to stdout, and aborts where it runs out of memory.
        """
        ours, theirs = multiprocessing.Pipe(duplex=False)
        # Not forked: a copy of this process could hold any lock that another thread holds now.
        process = multiprocessing.get_context("spawn").Process(target=_child, args=(theirs, function, arguments))
        process.start()
        theirs.close()
        try:
            while True:
                while not ours.poll(0.1):
                    if cancelled is not None and cancelled():
                        raise ProofCancelled
                kind, value, peak = ours.recv()
                self.peak_memory = max(self.peak_memory, peak)
                if kind == "step":
                    if progress is not None:
                        progress(*value)
                elif kind == "refused":
                    raise ValueError(value)
                elif kind == "error":
                    raise RuntimeError(f"ezkl: {value}")
                else:
                    return value
        except EOFError:
            process.join()
            raise RuntimeError(f"ezkl's process died (exit code {process.exitcode}): out of memory?") from None
        finally:
            process.kill()
            process.join()
            ours.close()


def to_onnx(network: Network) -> onnx.ModelProto:
    """The network as an ONNX graph in reals: input (1, 64 * planes + 1), the last being the context, which is not read.

    As far as its floats are exact, any ONNX runtime computes the integer network with it (logits divided by 2^shift).
    """
    unit = 2.0**-network.shift
    initializers: list[TensorProto] = []
    nodes: list[onnx.NodeProto] = []

    def constant(values: ArrayLike, kind: type = np.float32) -> str:
        initializers.append(numpy_helper.from_array(np.asarray(values).astype(kind), f"c{len(initializers)}"))
        return initializers[-1].name

    def apply(operator: str, *inputs: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, [f"n{len(nodes)}"], **attributes))
        return str(nodes[-1].output[0])

    bits = network.planes * SQUARES
    x = apply("Slice", "input", *(constant([bound], np.int64) for bound in (0, bits, 1)))
    x = apply("Reshape", x, constant([1, network.planes, 8, 8], np.int64))
    entered: list[str] = []
    for number, layer in enumerate(network.layers):
        if np.abs(layer.weights).max() >= EXACT:
            raise ValueError(
                f"layer {number}: {np.abs(layer.weights).max()} is a weight; this prover takes less than 2^24"
            )
        entered.append(x)
        kernel = layer.weights if layer.kind == "conv3" else layer.weights[:, :, None, None]
        y = apply("Conv", x, constant(kernel), pads=[kernel.shape[2] // 2] * 4, strides=[1, 1], dilations=[1, 1])
        hidden = number + 1 < len(network.layers)
        biases = layer.biases.astype(np.int64) + (1 << network.shift - 1 if hidden else 0)
        high = biases // EXACT * EXACT  # in two parts, either of which a 32-bit float holds
        for part in (biases - high, high):
            if part.any():
                y = apply("Add", y, constant((part * unit).reshape(1, -1, 1, 1)))
        if layer.skip:
            y = apply("Add", y, apply("Mul", entered[number - 1], constant(2.0**network.shift)))
        if hidden:
            quotient = apply("Mul", apply("Floor", y), constant(unit))
            x = apply("Min", apply("Max", quotient, constant(0.0)), constant(ACTIVATION_MAX * unit))
        else:
            x = apply("Reshape", y, constant([1, -1], np.int64))
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, bits + 1])],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, _outputs(network)])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _outputs(network: Network) -> int:
    return SQUARES * len(network.layers[-1].biases)


def _legs(network: Network) -> int:
    """How many digits base 2^shift hold every sum that is rounded, for any input."""
    ranges = [network.ranges(number) for number in range(len(network.layers) - 1)]
    largest = max(int(max(-low.min(), high.max())) for low, high in ranges) + (1 << network.shift - 1)
    return max(2, math.ceil(largest.bit_length() / network.shift))


def _check_public(inputs: Sequence[int], context: int, planes: int) -> None:
    if len(inputs) != planes * SQUARES or any(bit not in (0, 1) for bit in inputs):
        raise ValueError(f"the input must be {planes} planes of 64 squares, each 0 or 1")
    if not 0 <= context < SCALAR_FIELD:
        raise ValueError("the context is not an element of the scalar field")


def _felt(word: int) -> str:
    """A field element as ezkl writes it: little-endian hex."""
    return word.to_bytes(32, "little").hex()


def _complete(folder: Path) -> bool:
    """Whether a key folder holds what was written to it."""
    try:
        hashes = json.loads((folder / "hashes.json").read_text())
        return all(_hash(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError):
        return False


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ------------------------------------------------------------------------------------------- in a process of their own


def _child(pipe: Connection, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
    """Sends ("step", (name, fraction), peak), then ("done", result, peak), or a sentence with "refused" or "error"."""
    os.dup2(2, 1)
    # ezkl would fetch a compiler from the internet to check the verifier that it wrote.
    os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = "http://127.0.0.1:9"
    try:
        result = function(*arguments, lambda step, fraction: pipe.send(("step", (step, fraction), peak_memory())))
    except ValueError as error:
        pipe.send(("refused", str(error), peak_memory()))
    except BaseException as error:  # a panic in Rust is no Exception
        pipe.send(("error", str(error), peak_memory()))
    else:
        pipe.send(("done", result, peak_memory()))


def peak_memory() -> int:
    """The most memory that this process had in use, in bytes."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) << 10


def _compile(folder: Path, shift: int, legs: int) -> int:
    """Makes ezkl's circuit of a folder's model.onnx: "circuit" and "settings.json". Returns k."""
    import ezkl

    model, circuit, settings = (str(folder / name) for name in ("model.onnx", "circuit", "settings.json"))
    arguments: Any = ezkl.PyRunArgs()  # its stub names no fields
    arguments.input_visibility = arguments.output_visibility = "public"
    arguments.param_visibility = "fixed"
    arguments.input_scale = arguments.param_scale = shift
    arguments.rebase_frac_zero_constants = True
    arguments.decomp_base = 1 << shift
    arguments.decomp_legs = legs
    arguments.disable_freivalds = True
    # The reader of the words knows the input, and the output is a sum of what is bounded already.
    arguments.ignore_range_check_inputs_outputs = True
    arguments.lookup_range = (-1, 1)
    arguments.logrows = MAX_K
    ezkl.gen_settings(model, settings, arguments)
    rows = json.loads(Path(settings).read_text())["num_rows"]
    # One column's worth of rows, and a digit table (2^shift rows) in at most four pieces, beside the blinding rows.
    arguments.logrows = max((rows + 64).bit_length(), shift - 1, 10)
    if arguments.logrows > MAX_K:
        raise ValueError(f"the network needs {rows} rows; this prover carries up to 2^{MAX_K}")
    ezkl.gen_settings(model, settings, arguments)
    ezkl.compile_circuit(model, circuit, settings)
    return int(arguments.logrows)


def _derive(folder: Path, shift: int, legs: int, step: Progress) -> None:
    import ezkl

    k = _compile(folder, shift, legs)
    circuit, setup = str(folder / "circuit"), str(folder / "setup")
    step("setup", 0.0)
    ezkl.gen_srs(setup, k)
    step("keys", 0.5)
    ezkl.setup(circuit, str(folder / "vk"), str(folder / "pk"), setup, None, False)
    hashes = {path.name: _hash(path) for path in folder.iterdir()}
    (folder / "hashes.json").write_text(json.dumps(hashes))
    step("keys", 1.0)


def _prove(keys: Path, data: Path, step: Progress) -> tuple[list[str], bytes]:
    import ezkl

    witness = str(data.with_name("witness.json"))
    step("witness", 0.0)
    ezkl.gen_witness(str(data), str(keys / "circuit"), witness, None, None)
    step("proof", 0.05)
    result = ezkl.prove(witness, str(keys / "circuit"), str(keys / "pk"), None, str(keys / "setup"))
    return result["instances"][0], bytes.fromhex(result["proof"].removeprefix("0x"))


def _verify(keys: Path, proof: Path, _step: Progress) -> bool:
    import ezkl

    try:
        return bool(ezkl.verify(str(proof), str(keys / "settings.json"), str(keys / "vk"), str(keys / "setup"), False))
    except RuntimeError:
        return False


def _calldata(proof: Path, _step: Progress) -> bytes:
    import ezkl

    return bytes(ezkl.encode_evm_calldata(str(proof), str(proof.with_name("calldata")), None))


def _write_verifier(keys: Path, _step: Progress) -> None:
    import ezkl

    source = keys / "verifier.sol"

    async def create() -> None:
        await ezkl.create_evm_verifier(
            str(keys / "vk"),
            str(keys / "settings.json"),
            str(source),
            str(keys / "abi.json"),
            str(keys / "setup"),
            False,
        )

    try:
        asyncio.run(create())
    except RuntimeError:
        # The source is written first; then ezkl looks for a compiler that it does not find.
        if not source.exists():
            raise
