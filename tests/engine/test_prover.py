"""Proofs of a small network through the Python interface, and attacks on them."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import chess
import numpy as np
import pytest

from engine import encoding, policy
from engine.ceremonies import HERMEZ
from engine.prover import Proof, ProofCancelled, Prover
from engine.setup import Setup, cached
from engine.words import SCALAR_FIELD

CONTEXT = encoding.context_word(31337, "0x" + "11" * 20, 1, 4, "0x" + "22" * 20)
BOARD = chess.Board("r3k2r/pPp2ppp/8/3pP3/8/2N5/PPP2PPP/R3K2R w KQkq d6 0 1")
FIELD = SCALAR_FIELD
BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583


def network(folder: Path, seed: int) -> Path:
    path = folder / f"tiny-{seed}.safetensors"
    policy.Network.random("tiny", 15, 16, 2, seed, 10, 512).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prover")


@pytest.fixture(scope="module")
def prover(folder: Path) -> Prover:
    return Prover(network(folder, 1), Setup.from_seed(1), folder / "cache")


@pytest.fixture(scope="module")
def proof(prover: Prover) -> Proof:
    return prover.prove(encoding.planes(BOARD, False), encoding.legal_indices(BOARD), CONTEXT)


def test_a_proof_shows_the_best_legal_move_in_the_public_words(prover: Prover, proof: Proof, folder: Path) -> None:
    scores = policy.scores(policy.Network.load(network(folder, 1)).logits(encoding.planes(BOARD, False)))
    best = max(encoding.legal_indices(BOARD), key=lambda index: int(scores[index]))
    assert proof.index == best
    assert proof.bitmap == encoding.bitmap_words(np.flatnonzero(scores >= scores[best]).tolist())
    assert proof.words[25:] == [*encoding.board_words(BOARD, False), CONTEXT]
    assert prover.verify(proof.words, proof.proof)


def test_the_native_policy_equals_numpy(prover: Prover, folder: Path) -> None:
    reference = policy.Network.load(network(folder, 1))
    generator = np.random.default_rng(1)
    for _ in range(50):
        planes = generator.integers(0, 2, (15, 8, 8), np.uint8)
        assert np.array_equal(prover.logits(planes), reference.logits(planes))


def test_a_proof_is_for_one_context(prover: Prover, proof: Proof) -> None:
    for context in (CONTEXT + 1, 0, encoding.context_word(31337, "0x" + "11" * 20, 1, 6, "0x" + "22" * 20)):
        assert not prover.verify([*proof.words[:30], context], proof.proof)


def test_every_public_word_counts(prover: Prover, proof: Proof) -> None:
    for index in range(31):
        words = list(proof.words)
        words[index] ^= 1
        assert not prover.verify(words, proof.proof)
    # The same word to the field, not to us: the contract refuses it as well.
    assert not prover.verify([*proof.words[:30], CONTEXT + FIELD], proof.proof)
    assert not prover.verify([proof.words[0] + FIELD, *proof.words[1:]], proof.proof)
    for words in ([], proof.words[:30], [*proof.words, 0], [-1, *proof.words[1:]], [1 << 256, *proof.words[1:]]):
        assert not prover.verify(words, proof.proof)


def test_every_part_of_a_proof_counts(prover: Prover, proof: Proof) -> None:
    for position in range(0, len(proof.proof), 37):
        forged = bytearray(proof.proof)
        forged[position] ^= 1 << position % 8
        assert not prover.verify(proof.words, bytes(forged))


def with_word(proof: bytes, offset: int, value: int) -> bytes:
    return proof[:offset] + value.to_bytes(32, "big") + proof[offset + 32 :]


def test_malformed_proofs_are_invalid_and_no_errors(prover: Prover, proof: Proof) -> None:
    data = proof.proof
    x, y, scalars = int.from_bytes(data[:32], "big"), int.from_bytes(data[32:64], "big"), 64 * 19
    malformed = {
        "empty": b"",
        "truncated": data[:-1],
        "cut": data[:1000],
        "longer": data + b"\0",
        "zeros": bytes(len(data)),
        "ones": b"\xff" * len(data),
        "off the curve": with_word(data, 0, x + 1),
        "negated": with_word(data, 32, BASE_FIELD - y),
        "x above the field": with_word(data, 0, x + BASE_FIELD),
        "infinity": bytes(64) + data[64:],
        "another point": data[64:128] + data[64:],
        "scalar above the field": with_word(data, scalars, int.from_bytes(data[scalars : scalars + 32], "big") + FIELD),
        "opening at infinity": data[:-64] + bytes(64),
    }
    for name, forged in malformed.items():
        assert not prover.verify(proof.words, forged), name


def test_a_proof_is_of_one_network_and_one_setup(proof: Proof, folder: Path) -> None:
    others = [
        Prover(network(folder, 2), Setup.from_seed(1), folder / "cache"),
        Prover(network(folder, 1), Setup.from_seed(2), folder / "cache"),
    ]
    for other in others:
        assert not other.verify(proof.words, proof.proof)
    assert len({other.verifying_key_hash for other in others}) == 2


def test_progress_is_told_and_grows(prover: Prover) -> None:
    seen: list[tuple[str, float]] = []
    prover.prove(encoding.planes(BOARD, False), [100], CONTEXT, progress=lambda *event: seen.append(event))
    assert list(dict(seen)) == ["witness", "commitments", "quotient", "opening"]
    assert [fraction for _, fraction in seen] == sorted(fraction for _, fraction in seen)
    assert (seen[0][1], seen[-1][1]) == (0.0, 1.0)


def test_a_proof_can_be_cancelled_from_another_thread(prover: Prover) -> None:
    begun, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (begun.wait(), stop.set()))
    thread.start()
    with pytest.raises(ProofCancelled):
        prover.prove(
            encoding.planes(BOARD, False),
            [100],
            CONTEXT,
            progress=lambda step, _: begun.set() if step == "commitments" else None,
            cancelled=lambda: begun.is_set() and stop.wait(),
        )
    thread.join()


KILLED = """
import sys, time
from pathlib import Path
from engine import encoding
from engine.prover import Prover
from engine.setup import Setup
import chess
folder = Path(sys.argv[1])
prover = Prover(folder / "tiny-1.safetensors", Setup.from_seed(1), folder / "cache")
def stay(step, fraction):
    if step == sys.argv[2]:
        print(step, flush=True)
        time.sleep(600)
prover.prove(encoding.planes(chess.Board(), False), [100], 7, progress=stay)
"""


@pytest.mark.parametrize("step", ["witness", "commitments", "quotient", "opening"])
def test_a_killed_proof_leaves_nothing_behind(prover: Prover, folder: Path, tmp_path: Path, step: str) -> None:
    """Neither in the cache nor among temporary files: the next prover starts as if nothing had been."""
    before = {path.name: path.read_bytes() for path in (folder / "cache").iterdir()}
    command = [sys.executable, "-c", KILLED, str(folder), step]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"TMPDIR": str(tmp_path)}) as proving:
        assert proving.stdout is not None and proving.stdout.readline().decode().strip() == step
        proving.kill()
    assert {path.name: path.read_bytes() for path in (folder / "cache").iterdir()} == before
    assert not list(tmp_path.iterdir())


def test_what_a_callback_raises_is_raised(prover: Prover) -> None:
    def fail(step: str, fraction: float) -> None:
        raise ZeroDivisionError(step)

    with pytest.raises(ZeroDivisionError, match="witness"):
        prover.prove(encoding.planes(BOARD, False), [100], CONTEXT, progress=fail)


@pytest.mark.parametrize(
    ("planes", "legal", "context", "message"),
    [
        (np.zeros((14, 8, 8), np.uint8), [0], 1, "bytes of input planes"),
        (np.zeros((15, 64), np.uint8), [0], 1, "shape"),
        (np.zeros((15, 8, 8), np.int64), [0], 1, "uint8"),
        (np.full((15, 8, 8), 2, np.uint8), [0], 1, "0 and 1"),
        (np.zeros((15, 8, 8), np.uint8), [], 1, "no legal move"),
        (np.zeros((15, 8, 8), np.uint8), [4672], 1, "policy index 4672"),
        (np.zeros((15, 8, 8), np.uint8), [0], FIELD, "below the field"),
        (np.zeros((15, 8, 8), np.uint8), [0], 1 << 256, "256 bits"),
    ],
)
def test_senseless_requests_are_refused(
    prover: Prover, planes: np.ndarray, legal: list[int], context: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        prover.prove(planes, legal, context)


def test_bad_networks_are_refused_with_layer_channel_and_numbers(folder: Path) -> None:
    good = policy.Network.random("tiny", 15, 16, 2, 1, 10, 512)
    good.layers[1].weights[3, :, :, :] = 1 << 19
    data = good.to_bytes()
    for name, content, message in [
        ("bounds", data, r"layer 1, channel 3: sums reach .*, more than 522240"),
        ("empty", b"", "not a network"),
        ("text", b"hello world, this is no network", "not a network"),
        ("truncated", data[:-4], "not a network"),
    ]:
        path = folder / name
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Prover(path, Setup.from_seed(1), folder / "cache")


def test_the_verifier_says_what_it_verifies(prover: Prover) -> None:
    source = prover.verifier_source()
    assert source.startswith("// INSECURE setup")
    assert prover.network_hash.hex() in source and prover.verifying_key_hash.hex() in source
    assert source.count("pragma solidity ^0.8.19;") == source.count("contract ") == 1


def test_setups_say_whether_they_are_secure(folder: Path) -> None:
    assert Setup.from_seed(1).insecure
    ceremony = folder / "powers.ptau"
    ceremony.write_bytes(b"ptau")
    assert not Setup.from_ceremony(ceremony, "0" * 128).insecure
    with pytest.raises(ValueError, match="BLAKE2b"):
        Setup.from_ceremony(ceremony, "0" * 128).parameters(5, folder / "cache")
    with pytest.raises(ValueError, match="neither a BLAKE2b-512"):
        Setup.from_ceremony(ceremony, "0" * 64)
    named = Setup.from_ceremony(ceremony, "hermez-08")
    assert named.name == Setup.from_ceremony(ceremony, HERMEZ[8].upper()).name
    with pytest.raises(ValueError, match=f"not {HERMEZ[8]}"):
        named.parameters(5, folder / "cache")


def test_a_cached_setup_is_checked_by_a_pairing(folder: Path, tmp_path: Path) -> None:
    """One with a right checksum, whose points are all on the curve, and yet of no single tau."""
    honest = Setup.from_seed(1).parameters(5, tmp_path).to_bytes()
    other = Setup.from_seed(2).parameters(5, tmp_path).to_bytes()
    path = tmp_path / "setup-insecure-1-5"
    for start, end in [(4 + 64, 4 + 128), (4 + 33 * 64, 4 + 34 * 64), (len(honest) - 128, len(honest))]:
        mixed = honest[:start] + other[start:end] + honest[end:]
        path.unlink()
        assert cached(path, lambda planted=mixed: planted) == mixed  # type: ignore[misc]
        assert Setup.from_seed(1).parameters(5, tmp_path).to_bytes() == honest
        assert cached(path, lambda: b"") == honest


# The cache


def test_a_damaged_cache_is_made_again(folder: Path, proof: Proof) -> None:
    files = [path for path in (folder / "cache").iterdir() if path.suffix != ".lock"]
    whole = {path: path.read_bytes() for path in files}
    damages: list[Callable[[bytes], bytes]] = [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"",
    ]
    for damage in damages:
        for path, data in whole.items():
            path.write_bytes(damage(data))
        again = Prover(network(folder, 1), Setup.from_seed(1), folder / "cache")
        assert again.verify(proof.words, proof.proof)
    for path in files:
        if "insecure-1" in path.name:
            assert path.read_bytes() == whole[path]


def _derive(cache: Path, path: Path, barrier: threading.Barrier, hashes: multiprocessing.Queue[bytes]) -> None:
    barrier.wait()
    hashes.put(Prover(path, Setup.from_seed(5), cache).verifying_key_hash)


def test_two_processes_derive_at_once(folder: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, hashes = context.Barrier(2), context.Queue()
    arguments = (tmp_path, network(folder, 1), barrier, hashes)
    processes = [context.Process(target=_derive, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    assert hashes.get(timeout=120) == hashes.get(timeout=120)
    for process in processes:
        process.join()
    assert not [path for path in tmp_path.iterdir() if "-" not in path.name]
