"""The steps of ezkl, each run in a process of its own.

ezkl holds Python's lock while it proves, prints to stdout, and aborts where it runs out of memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from engine.proof import Progress, ProofCancelled

MAX_K = 20


def run(
    function: Callable[..., Any],
    *arguments: object,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Any, int]:
    """Calls `function(*arguments, step)` in a process of its own: its result, and the most memory it used, in bytes.

    `step(name, fraction)` there is `progress(name, fraction)` here. Raises ValueError if the function does,
    ProofCancelled when `cancelled` says yes (asked ten times a second), RuntimeError for anything else.
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
            if kind == "step":
                if progress is not None:
                    progress(*value)
            elif kind == "refused":
                raise ValueError(value)
            elif kind == "error":
                raise RuntimeError(f"ezkl: {value}")
            else:
                return value, peak
    except EOFError:
        process.join()
        raise RuntimeError(f"ezkl's process died (exit code {process.exitcode}): out of memory?") from None
    finally:
        process.kill()
        process.join()
        ours.close()


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


def file_hash(path: Path) -> str:
    """sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def compile_model(folder: Path, shift: int, legs: int) -> int:
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


def derive(folder: Path, shift: int, legs: int, step: Progress) -> None:
    """Makes circuit, setup and keys of a folder's model.onnx, and last "hashes.json" of all of them."""
    import ezkl

    k = compile_model(folder, shift, legs)
    circuit, setup = str(folder / "circuit"), str(folder / "setup")
    step("setup", 0.0)
    ezkl.gen_srs(setup, k)
    step("keys", 0.5)
    ezkl.setup(circuit, str(folder / "vk"), str(folder / "pk"), setup, None, False)
    hashes = {path.name: file_hash(path) for path in folder.iterdir()}
    (folder / "hashes.json").write_text(json.dumps(hashes))
    step("keys", 1.0)


def prove(keys: Path, data: Path, step: Progress) -> tuple[list[str], bytes]:
    """Proves the input in `data`: the public words as ezkl writes field elements, and the proof."""
    import ezkl

    witness = str(data.with_name("witness.json"))
    step("witness", 0.0)
    ezkl.gen_witness(str(data), str(keys / "circuit"), witness, None, None)
    step("proof", 0.05)
    result = ezkl.prove(witness, str(keys / "circuit"), str(keys / "pk"), None, str(keys / "setup"))
    return result["instances"][0], bytes.fromhex(result["proof"].removeprefix("0x"))


def verify(keys: Path, proof: Path, _step: Progress) -> bool:
    """Whether a proof's file is valid under the keys."""
    import ezkl

    try:
        return bool(ezkl.verify(str(proof), str(keys / "settings.json"), str(keys / "vk"), str(keys / "setup"), False))
    except RuntimeError:
        return False


def calldata(proof: Path, _step: Progress) -> bytes:
    """What to send to the verifier contract for a proof's file."""
    import ezkl

    return bytes(ezkl.encode_evm_calldata(str(proof), str(proof.with_name("calldata")), None))


def write_verifier(keys: Path, _step: Progress) -> None:
    """Writes the verifier's Solidity as verifier.sol beside the keys."""
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
