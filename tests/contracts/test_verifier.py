"""The generated verifier contract beside two judges: halo2-axiom's native verifier and snark-verifier's contract."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import chess
import pytest
from web3 import HTTPProvider, Web3

from engine import encoding
from engine.policy import Network
from engine.prover import Proof, Prover
from engine.setup import Setup
from engine.words import SCALAR_FIELD
from server.chain.contracts import compile_verifier
from server.settings import ROOT
from tests.server.table import run_anvil

SEED = 1
SCALARS = SCALAR_FIELD
COORDINATES = 21888242871839275222246405745257275088696311157297823662689037894645226208583
BOARDS = (
    chess.Board(),
    chess.Board("r3k2r/pPp2ppp/8/3pP3/8/2N5/PPP2PPP/R3K2R w KQkq d6 0 1"),
    chess.Board("4k3/8/8/8/8/8/4P3/4K3 w - - 0 1"),
)

pytestmark = pytest.mark.slow


@dataclass
class Judges:
    """Three verifiers of one network's proofs, and some valid calldata."""

    w3: Web3
    prover: Prover
    ours: str
    reference: str
    valid: list[bytes]

    @property
    def words(self) -> int:
        """Bytes of the public words."""
        return 32 * 31

    def native(self, data: bytes) -> bool:
        """What halo2-axiom's verifier says of calldata."""
        words = [int.from_bytes(data[i : i + 32], "big") for i in range(0, min(len(data), self.words), 32)]
        return self.prover.verify(words, data[self.words :])

    def accepts(self, contract: str, data: bytes) -> bool:
        """What a contract says of calldata."""
        call = {"to": contract, "data": "0x" + data.hex(), "gas": hex(2_000_000)}
        answer = self.w3.provider.make_request("eth_call", [call, "latest"])  # type: ignore[arg-type]
        return "error" not in answer

    def send(self, transaction: dict[str, str]) -> dict[str, str]:
        """The receipt of a transaction of a rich account."""
        sender = self.w3.eth.accounts[0]
        transaction = {"from": sender, "gas": hex(16_000_000)} | transaction
        answer = self.w3.provider.make_request("eth_sendTransaction", [transaction])  # type: ignore[arg-type]
        self.w3.eth.wait_for_transaction_receipt(answer["result"])
        return self.w3.provider.make_request("eth_getTransactionReceipt", [answer["result"]])["result"]  # type: ignore


def calldata(proof: Proof) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in proof.words) + proof.proof


def reference_source(network: Path, folder: Path) -> str:
    """Snark-verifier's contract for a network."""
    manifest = str(ROOT / "engine" / "halo2" / "Cargo.toml")
    run = ["cargo", "run", "--quiet", "--release", "--manifest-path", manifest, "--example", "reference_verifier"]
    subprocess.run([*run, "--", str(network), str(SEED), str(folder)], check=True, timeout=1800)
    return (folder / "Reference.sol").read_text()


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judges]:
    folder = tmp_path_factory.mktemp("verifier")
    network = folder / "tiny.safetensors"
    Network.random("tiny", encoding.INPUT_PLANES, 8, 2, 1, 10, 512).save(network)
    prover = Prover(network, Setup.from_seed(SEED), folder)
    proofs = [
        prover.prove(encoding.planes(board, False), encoding.legal_indices(board), context)
        for context, board in enumerate(BOARDS)
    ]
    sources = (prover.verifier_source(), reference_source(network, folder))
    with run_anvil() as url:
        w3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 300}))
        made = Judges(w3, prover, "", "", [calldata(proof) for proof in proofs])
        made.ours, made.reference = (
            made.send({"data": compile_verifier(source, folder).creation})["contractAddress"] for source in sources
        )
        yield made


# ------------------------------------------------------------------------------------------------------------- verdicts


def test_valid_proofs_are_accepted_by_all(judges: Judges) -> None:
    for data in judges.valid:
        assert judges.native(data)
        assert judges.accepts(judges.ours, data)
        assert judges.accepts(judges.reference, data)


def test_costs(judges: Judges) -> None:
    """Much below what snark-verifier's contract costs, and small."""
    transaction = {"data": "0x" + judges.valid[0].hex()}
    ours, reference = (
        int(judges.send(transaction | {"to": contract})["gasUsed"], 16) for contract in (judges.ours, judges.reference)
    )
    assert ours < 405_000 and reference - ours > 30_000
    assert len(judges.w3.eth.get_code(Web3.to_checksum_address(judges.ours))) < 8_000


Mutation = Callable[[random.Random, Judges, bytearray], None]


def word(data: bytearray, place: int, value: int) -> None:
    data[place : place + 32] = (value % 2**256).to_bytes(32, "big")


def value(data: bytearray, place: int) -> int:
    return int.from_bytes(data[place : place + 32], "big")


def any_word(generator: random.Random, data: bytearray) -> int:
    return 32 * generator.randrange(len(data) // 32)


def flip(generator: random.Random, judges: Judges, data: bytearray) -> None:
    data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)


def shift(generator: random.Random, judges: Judges, data: bytearray) -> None:
    """The same value under another name, if the modulus is right; or another value."""
    place = any_word(generator, data)
    word(data, place, value(data, place) + generator.choice((1, -1, SCALARS, COORDINATES, 2 * SCALARS)))


def replace(generator: random.Random, judges: Judges, data: bytearray) -> None:
    choices = (0, 1, 2, SCALARS - 1, SCALARS, COORDINATES - 1, COORDINATES, 2**256 - 1, generator.randrange(SCALARS))
    word(data, any_word(generator, data), generator.choice(choices))


def negate(generator: random.Random, judges: Judges, data: bytearray) -> None:
    place = any_word(generator, data)
    word(data, place, generator.choice((SCALARS, COORDINATES)) - value(data, place))


def swap(generator: random.Random, judges: Judges, data: bytearray) -> None:
    size = generator.choice((32, 64))
    a, b = (judges.words + size * generator.randrange((len(data) - judges.words) // size) for _ in range(2))
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def point(generator: random.Random, judges: Judges, data: bytearray) -> None:
    """A commitment becomes the point at infinity, or the generator."""
    place = judges.words + 64 * generator.randrange(19)
    word(data, place, x := generator.choice((0, 1)))
    word(data, place + 32, 2 * x)


def splice(generator: random.Random, judges: Judges, data: bytearray) -> None:
    """A part of another valid proof."""
    other = generator.choice(judges.valid)
    a = any_word(generator, data)
    b = min(a + 32 * generator.randrange(1, 40), len(data))
    data[a:b] = other[a:b]


def resize(generator: random.Random, judges: Judges, data: bytearray) -> None:
    by = generator.choice((1, 31, 32, 64, 1000))
    if generator.random() < 0.5:
        data += generator.randbytes(by)
    else:
        del data[-by:]


MUTATIONS: tuple[Mutation, ...] = (flip, flip, shift, shift, replace, negate, swap, point, splice, resize)


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_mutated_proofs_get_the_native_verdict(judges: Judges, count: int) -> None:
    generator = random.Random(count)
    for _ in range(count):
        data = bytearray(generator.choice(judges.valid))
        mutations = generator.choices(MUTATIONS, k=generator.choice((0, 1, 1, 1, 1, 1, 1, 2)))
        for mutation in mutations:
            mutation(generator, judges, data)
        shown = [mutation.__name__ for mutation in mutations], data.hex()
        assert judges.accepts(judges.ours, bytes(data)) == judges.native(bytes(data)) == (data in judges.valid), shown


def test_every_word_of_a_proof_counts(judges: Judges) -> None:
    """One bit in each word, public words and proof alike; snark-verifier's contract agrees."""
    data = judges.valid[1]
    for place in range(31, len(data), 32):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        assert not judges.native(changed), place
        assert not judges.accepts(judges.ours, changed), place
        assert place % 5 or not judges.accepts(judges.reference, changed), place


def test_a_proof_has_one_encoding(judges: Judges) -> None:
    """No other bytes stand for the same values; snark-verifier's contract takes some."""
    data = judges.valid[0]
    end_of_points, end_of_scalars = judges.words + 64 * 19, len(data) - 128
    taken_by_reference = 0
    for place in range(0, len(data), 32):
        is_point = judges.words <= place < end_of_points or place >= end_of_scalars
        other = int.from_bytes(data[place : place + 32], "big") + (COORDINATES if is_point else SCALARS)
        if other < 2**256:
            changed = data[:place] + other.to_bytes(32, "big") + data[place + 32 :]
            assert not judges.accepts(judges.ours, changed), place
            taken_by_reference += judges.accepts(judges.reference, changed)
    assert taken_by_reference > 20
    for changed in (data + b"\0", data + data, data[:-1], data[1:], b""):
        assert not judges.accepts(judges.ours, changed)
    assert judges.accepts(judges.reference, data + b"\0")


def test_any_calldata_is_refused(judges: Judges) -> None:
    generator = random.Random(7)
    size = len(judges.valid[0])
    for _ in range(100):
        length = generator.choice((0, 1, 4, 31, 32, size - 1, size, size, size, size + 1, 2 * size))
        data = bytearray(generator.choice((bytes(length), b"\xff" * length, generator.randbytes(length))))
        for place in range(0, len(data) - 31, 32):
            if generator.random() < 0.5:
                word(data, place, generator.choice((0, 1, 2, value(data, place) % SCALARS)))
        assert not judges.accepts(judges.ours, bytes(data))


def test_a_malformed_point_costs_little_more_than_a_proof(judges: Judges) -> None:
    """A precompile that fails takes the gas it was given; it is given little."""
    data = judges.valid[0]
    honest = int(judges.send({"to": judges.ours, "data": "0x" + data.hex()})["gasUsed"], 16)
    places = [judges.words + 64 * n for n in range(19)] + [len(data) - 128, len(data) - 64]
    for place in places:
        malformed = data[:place] + (1).to_bytes(32, "big") * 2 + data[place + 64 :]
        receipt = judges.send({"to": judges.ours, "data": "0x" + malformed.hex()})
        assert receipt["status"] == "0x0"
        assert int(receipt["gasUsed"], 16) < honest + 20_000
