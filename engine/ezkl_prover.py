"""The baseline prover: the same integer network through ONNX and ezkl, for small networks.

Its public words hold all logits, so the reader of a proof ranks the moves. It costs far more than the native circuit:
it is the baseline of the benchmark, and a check of the integer policy by code that others wrote.

`ezkl_model.py` has the numbers: which real stands for which integer, and why rounding leaves no freedom. ezkl's
random checks of matrix products ("Freivalds") are switched off: its challenge does not bind the witness.

Public words: 64 a plane of input (0 or 1, by square), the context, 64 a plane of logits (mod p, by policy index). The
circuit takes the input as it is: who reads the words must know that they are bits, as `verify` does.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from engine import ezkl_process
from engine.ezkl_model import SQUARES, legs, outputs, to_onnx
from engine.ezkl_process import run
from engine.policy import Network, logit_unit, scores
from engine.proof import Progress, Proof
from engine.words import SCALAR_FIELD

VERSION = "23.0.5"
"""Of ezkl. Its circuits and keys differ from version to version."""


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
            instances, proof = self._run(ezkl_process.prove, self._folder, data, progress=progress, cancelled=cancelled)
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
        if len(words) != count + 1 + outputs(self.network) or not all(0 <= word < SCALAR_FIELD for word in words):
            return False
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="verify-") as folder:
            return bool(self._run(ezkl_process.verify, self._folder, self._write_proof(Path(folder), words, proof)))

    def calldata(self, words: Sequence[int], proof: bytes) -> bytes:
        """What to send to the verifier contract: `verifyProof(bytes, uint256[])`, which reverts for a bad proof."""
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="calldata-") as folder:
            return bytes(self._run(ezkl_process.calldata, self._write_proof(Path(folder), words, proof)))

    def write_verifier(self, path: Path) -> None:
        """Writes the Solidity source of the verifier contract (`Halo2Verifier`)."""
        source = self._folder / "verifier.sol"
        if not source.exists():
            self._run(ezkl_process.write_verifier, self._folder)
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
            self._run(ezkl_process.derive, unfinished, self.network.shift, legs(self.network), progress=progress)
            unfinished.rename(self._folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _run(self, function: Callable[..., Any], *arguments: object, **watching: Any) -> Any:
        """Runs a step of ezkl's in a process of its own; see `ezkl_process.run`."""
        value, peak = run(function, *arguments, **watching)
        self.peak_memory = max(self.peak_memory, peak)
        return value


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
        return all(ezkl_process.file_hash(folder / name) == digest for name, digest in hashes.items())
    except (OSError, ValueError):
        return False
