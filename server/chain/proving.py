"""Makes the prover that the settings describe, and its verifier.

The verifier is made in a process of its own (`python -m server.chain.proving`), which frees the memory of the keys, and
kept in the cache: it depends on the network, the setup and the prover's native code only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import chess

from engine.encoding import legal_indices, planes
from server.chain.deploy import Verifier
from server.files import write_json
from server.settings import ROOT, Environment, Settings, SettingsError, network_of

if TYPE_CHECKING:
    from engine.prover import Proof, Prover
    from engine.setup import Setup

Progress = Callable[[str], None]


def hash_of(file: Path) -> str:
    """sha256 of a file, 0x-prefixed. Raises SettingsError if it cannot be read."""
    try:
        return "0x" + hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read ({error.strerror})") from None


def setup_of(settings: Settings | Environment) -> Setup:
    """The setup that the settings name; without one the insecure one. Raises SettingsError."""
    from engine.setup import Setup

    file, digest = settings.setup, settings.setup_hash
    if file is None:
        return Setup.from_seed(0)
    if digest is None:
        raise SettingsError("SETUP_HASH: missing")
    try:
        return Setup.from_ceremony(file, digest)
    except ValueError as error:
        raise SettingsError(f"SETUP: {error}") from None


def make_prover(settings: Settings | Environment, progress: Callable[[str, float], None] | None = None) -> Prover:
    """The prover of the network and the setup that the settings name. Takes seconds the first time, and memory.

    Raises SettingsError for a network or a setup that is not acceptable, and if too little memory is free.
    """
    from engine.policy import Network
    from engine.prover import Prover  # imported here: only a worker has the native code

    network = settings.network if isinstance(settings, Settings) else network_of(settings)
    try:
        Network.load(network)
    except (OSError, ValueError) as error:
        raise SettingsError(f"NETWORK: {error}") from None
    file = settings.setup
    setup = setup_of(settings)
    try:
        return Prover(network, setup, settings.cache_dir / "prover", progress)
    except OSError as error:
        raise SettingsError(f"CACHE_DIR: {error}") from None
    except MemoryError as error:
        raise SettingsError(str(error)) from None
    except ValueError as error:
        raise SettingsError(f"{'NETWORK' if file is None else 'SETUP'}: {error}") from None


def verifier(env: Environment, network: Path, progress: Progress) -> Verifier:
    """The verifier of a network, from the cache or made now. Raises SettingsError."""
    native = importlib.util.find_spec("engine._halo2")
    if native is None or native.origin is None:
        raise SettingsError("the prover is not built; run `make setup`")
    setup = env.setup and env.setup_hash
    inputs = (hash_of(network), setup or "insecure", hash_of(Path(native.origin)), "with a sample")
    folder = env.cache_dir / "verifiers"
    kept = folder / (hashlib.sha256("".join(inputs).encode()).hexdigest() + ".json")
    if not kept.is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"CACHE_DIR: {folder} cannot be made ({error.strerror})") from None
        _make(env, kept, progress)
    try:
        return Verifier(**json.loads(kept.read_text()))
    except (OSError, ValueError, TypeError):
        raise SettingsError(f"CACHE_DIR: {kept} is damaged; remove it") from None


def _make(env: Environment, file: Path, progress: Progress) -> None:
    """Makes a verifier's file in a process of its own."""
    command = [sys.executable, "-m", "server.chain.proving", str(file)]
    environment = {**os.environ, **env.variables()}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            for line in process.stdout:
                progress(line.strip())
        except BaseException:
            process.kill()
            raise
        complaint = process.stderr.read().strip()
    if process.returncode != 0:
        raise SettingsError(complaint.rpartition("\n")[2] or f"the prover stopped with exit code {process.returncode}")


def sample(prover: Prover, network: Path) -> bytes:
    """Public words and a proof of them, of no game and no vault: a contract tries a verifier on it."""
    from engine.dense import Network as Perceptron

    try:
        perceptron = Perceptron.load(network)
    except ValueError:
        return sample_move(prover)
    return _words_and(prover.prove(perceptron.input([0] * perceptron.features), perceptron.classes, 0))


def sample_move(prover: Prover) -> bytes:
    """The sample of a network that plays: its move in the initial position."""
    board = chess.Board()
    return _words_and(prover.prove(planes(board, repeated=False), legal_indices(board), 0))


def _words_and(proof: Proof) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in proof.words) + proof.proof


def main(file: Path) -> None:
    """Writes the verifier that the environment's settings describe to a JSON file, and its progress to stdout."""
    env = Environment.read()

    def progress(step: str, fraction: float) -> None:
        print(f"{step} {fraction:.0%}", flush=True)

    prover = make_prover(env, progress)
    verifier = Verifier(
        source=prover.verifier_source(),
        network_hash="0x" + prover.network_hash.hex(),
        verifying_key_hash="0x" + prover.verifying_key_hash.hex(),
        insecure=prover.setup.insecure,
        sample="0x" + sample(prover, network_of(env)).hex(),
    )
    write_json(file, asdict(verifier))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except SettingsError as error:
        sys.exit(str(error))
