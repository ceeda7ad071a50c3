"""Random networks and positions: the definition, numpy, Rust, real proofs and the contract agree.

That every position has a witness is tested in Rust (engine/halo2/tests/positions.rs).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import chess
import numpy as np
import pytest

from engine import _halo2, encoding
from engine.policy import Network, scores
from engine.prover import Prover
from engine.setup import Setup
from server.model.position import Position
from tests.contracts.games import games
from tests.contracts.judge import Judge, Reverted, judge
from tests.engine.random_networks import exact_logits, random_network
from tests.vectors.generate import NAMED

CONTEXT = 17


def positions(seed: int, count: int) -> Iterator[tuple[chess.Board, bool]]:
    """Positions of random games in which there is a move, and whether they occurred before."""
    source = random.Random(seed)
    found = 0
    for game in games(seed):
        for ply in game:
            if ply.move is not None and source.random() < 0.1:
                yield ply.board.copy(stack=False), ply.occurrences > 1
                found += 1
                if found == count:
                    return


def awkward() -> Iterator[tuple[chess.Board, bool]]:
    """The named positions of the shared vectors, both ways; mates and stalemates left out."""
    for board in map(chess.Board, NAMED.values()):
        if any(board.legal_moves):
            yield board, True
            yield board.mirror(), False


def noise(seed: int) -> np.ndarray:
    """Planes that are no position: empty, full, or anything between."""
    source = np.random.default_rng(seed)
    return (source.random((encoding.INPUT_PLANES, 8, 8)) < source.choice([0, 0.1, 0.5, 0.9, 1])).astype(np.uint8)


def check_answer(
    network: Network, contract: Judge, board: chess.Board, repeated: bool, index: int, words: list[int]
) -> None:
    """The move and the words are the network's and the position's, and the contract takes this move alone for them."""
    legal = encoding.legal_indices(board)
    ranks = scores(network.logits(encoding.planes(board, repeated)))
    best, *others = sorted(legal, key=ranks.__getitem__, reverse=True)
    assert index == best
    assert words[25:] == [*encoding.board_words(board, repeated), CONTEXT]
    assert words[:25] == encoding.bitmap_words(np.flatnonzero(ranks >= ranks[best]).tolist())
    position = Position.pack(board, 0)
    contract.check_bitmap(position, words[:25], encoding.pack_move(legal[index]))
    for other in others[:3]:
        with pytest.raises(Reverted):
            contract.check_bitmap(position, words[:25], encoding.pack_move(legal[other]))


def make_prover(network: Network, folder: Path) -> Prover:
    file = folder / f"{network.name}.safetensors"
    network.save(file)
    return Prover(file, Setup.from_seed(1), folder)


@pytest.fixture(scope="module")
def contract() -> Iterator[Judge]:
    with judge() as asked:
        yield asked


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where setups are kept: all small networks share one."""
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.random("small", encoding.INPUT_PLANES, 6, 2, 7, 9, 200)


@pytest.fixture(scope="module")
def prover(network: Network, cache: Path) -> Prover:
    return make_prover(network, cache)


def test_numpy_and_rust_compute_the_definition() -> None:
    same_logits(range(40))


@pytest.mark.long
def test_numpy_and_rust_compute_the_definition_at_length() -> None:
    same_logits(range(40, 2000))


def same_logits(seeds: range) -> None:
    for seed in seeds:
        network = random_network(seed)
        native = _halo2.Network(network.to_bytes())
        assert native.hash == network.hash
        (board, repeated), *_ = positions(seed, 1)
        for planes in (encoding.planes(board, repeated), noise(seed)):
            expected = exact_logits(network, planes)
            assert network.logits(planes).tolist() == expected, f"numpy, network {seed}"
            assert np.frombuffer(native.logits(planes.tobytes()), "<i8").tolist() == expected, f"Rust, network {seed}"


@pytest.mark.slow
def test_random_networks_have_proofs(cache: Path, contract: Judge) -> None:
    proofs_of_random_networks(range(2), cache, contract)


@pytest.mark.long
def test_many_random_networks_have_proofs(cache: Path, contract: Judge) -> None:
    proofs_of_random_networks(range(2, 40), cache, contract)


def proofs_of_random_networks(seeds: range, cache: Path, contract: Judge) -> None:
    for seed in seeds:
        network = random_network(seed)
        prover = make_prover(network, cache)
        for board, repeated in positions(seed, 2):
            proven(network, prover, contract, board, repeated)


@pytest.mark.slow
def test_twenty_positions_have_a_proof(network: Network, prover: Prover, contract: Judge) -> None:
    for board, repeated in (*list(awkward())[::5], *positions(3, 12)):
        proven(network, prover, contract, board, repeated)


@pytest.mark.long
def test_awkward_positions_have_a_proof_at_flagship_size(cache: Path, contract: Judge) -> None:
    flagship = Network.random("flagship", encoding.INPUT_PLANES, 128, 25, 1, 16, 1 << 13)
    prover = make_prover(flagship, cache)
    for board, repeated in list(awkward())[::4]:
        proven(flagship, prover, contract, board, repeated)


def proven(network: Network, prover: Prover, contract: Judge, board: chess.Board, repeated: bool) -> None:
    proof = prover.prove(encoding.planes(board, repeated), encoding.legal_indices(board), CONTEXT)
    assert prover.verify(proof.words, proof.proof), board.fen()
    check_answer(network, contract, board, repeated, proof.index, proof.words)
