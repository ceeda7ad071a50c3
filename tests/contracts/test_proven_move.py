"""A real proof of a small network, accepted by the game contract; and every way to abuse it, refused with a name."""

from __future__ import annotations

from collections.abc import Iterator

import chess
import pytest

from engine import encoding
from engine.policy import Network
from engine.prover import Proof, Prover
from engine.setup import Setup
from engine.words import SCALAR_FIELD
from tests.contracts.arena import LEELA_BEGINS, Arena, Refusal, account, arena

PAYEE = account("payee").address
THIEF = account("thief").address

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("arena")
    Network.random("tiny", encoding.INPUT_PLANES, 8, 2, 1, 10, 512).save(folder / "tiny.safetensors")
    with arena(Prover(folder / "tiny.safetensors", Setup.from_seed(0), folder), folder) as made:
        yield made


@pytest.fixture(scope="module")
def proven(here: Arena) -> tuple[int, chess.Move, Proof]:
    """A game, the network's first move, and its proof, which no test plays."""
    game = here.start()
    return (game, *here.prove(game, PAYEE))


@pytest.fixture
def rejected(here: Arena) -> Refusal:
    return Refusal("ProofRejected", (here.verifier.lower(),))


def another(here: Arena, move: chess.Move) -> chess.Move:
    """A legal first move that is not the network's."""
    return next(other for other in chess.Board().legal_moves if other != move)


def test_accepted(here: Arena) -> None:
    game = here.start()
    move, proof = here.prove(game, PAYEE)
    receipt = here.send(here.submit(game, move, proof.bitmap, PAYEE, proof.proof))
    board = chess.Board()
    board.push(move)
    summary = here.summary(game)
    assert summary["position"].fen.split()[:4] == board.fen(en_passant="legal").split()[:4]
    assert summary["state"] == "vote"
    assert here.contract.functions.owed(game, PAYEE).call() == 5
    (moved,) = here.contract.events.Moved().process_receipt(receipt)
    assert (moved["args"]["move"], moved["args"]["payee"]) == (encoding.pack_move(move), PAYEE)
    assert receipt["gasUsed"] < 1_000_000


def test_wrong_move(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal) -> None:
    game, move, proof = proven
    other = another(here, move)
    # The bitmap shows the network's own move, which ranks higher; without it, nothing is proven.
    refusal = here.refusal(here.submit(game, other, proof.bitmap, PAYEE, proof.proof))
    assert refusal is not None and refusal.name in ("BetterMoveSet", "MoveNotSet")
    refusal = here.refusal(here.submit(game, other, [0] * 25, PAYEE, proof.proof))
    assert refusal == Refusal("MoveNotSet", (encoding.pack_move(other),))
    alone = encoding.bitmap_words([encoding.policy_index(other, chess.WHITE)])
    assert here.refusal(here.submit(game, other, alone, PAYEE, proof.proof)) == rejected
    illegal = chess.Move.from_uci("e2e5")
    refusal = Refusal("IllegalMove", (encoding.pack_move(illegal),))
    assert here.refusal(here.submit(game, illegal, proof.bitmap, PAYEE, proof.proof)) == refusal


def test_wrong_bitmap(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal) -> None:
    game, move, proof = proven
    bit = encoding.bitmap_words([encoding.policy_index(another(here, move), chess.WHITE)])
    better = [word | more for word, more in zip(proof.bitmap, bit, strict=True)]
    refusal = here.refusal(here.submit(game, move, better, PAYEE, proof.proof))
    assert refusal == Refusal("BetterMoveSet", (encoding.pack_move(another(here, move)),))
    # A bit of an illegal move is the contract's business no more than the verifier's: it must be as proven.
    illegal = encoding.bitmap_words([encoding.policy_index(chess.Move.from_uci("a3a4"), chess.WHITE)])
    flipped = [word ^ more for word, more in zip(proof.bitmap, illegal, strict=True)]
    assert here.refusal(here.submit(game, move, flipped, PAYEE, proof.proof)) == rejected


def test_words_plus_the_modulus(here: Arena, proven: tuple[int, chess.Move, Proof]) -> None:
    """The verifier may take them for the same words."""
    game, move, proof = proven
    data = b"".join(word.to_bytes(32, "big") for word in proof.words)
    assert raw_verify(here, data + proof.proof)
    own = encoding.bitmap_words([encoding.policy_index(move, chess.WHITE)])
    for word in range(25):
        words = list(proof.bitmap)
        words[word] += SCALAR_FIELD
        refusal = here.refusal(here.submit(game, move, words, PAYEE, proof.proof))
        # The sum may have lost the move's own bit.
        lost = own[word] & ~words[word] and refusal == Refusal("MoveNotSet", (encoding.pack_move(move),))
        assert lost or refusal == Refusal("BitmapOutOfRange", (word,))
    for bit in (8, 71, 80, 216, 255):  # pads, and above the planes
        words = list(proof.bitmap)
        words[3] |= 1 << bit
        assert here.refusal(here.submit(game, move, words, PAYEE, proof.proof)) == Refusal("BitmapOutOfRange", (3,))


def raw_verify(here: Arena, data: bytes) -> bool:
    answer = here.w3.provider.make_request("eth_call", [{"to": here.verifier, "data": "0x" + data.hex()}, "latest"])  # type: ignore[arg-type]
    return "error" not in answer


def test_stolen_proof(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal) -> None:
    """The payee is in the proof: whoever brings it, its maker is paid."""
    game, move, proof = proven
    assert here.refusal(here.submit(game, move, proof.bitmap, THIEF, proof.proof), THIEF) == rejected
    assert here.refusal(here.submit(game, move, proof.bitmap, PAYEE, proof.proof), THIEF) is None


def test_another_game(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal) -> None:
    _, move, proof = proven
    assert here.refusal(here.submit(here.start(), move, proof.bitmap, PAYEE, proof.proof)) == rejected


def test_another_contract(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal) -> None:
    game, move, proof = proven
    first = here.contract
    here.contract = here.new_contract()
    try:
        here.book([chess.Board()])
        while here.start() != game:
            pass
        assert here.refusal(here.submit(game, move, proof.bitmap, PAYEE, proof.proof)) == rejected
    finally:
        here.contract = first


def test_another_chain(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal) -> None:
    game, move, proof = proven
    here.rpc("anvil_setChainId", 5)
    try:
        assert here.refusal(here.submit(game, move, proof.bitmap, PAYEE, proof.proof)) == rejected
    finally:
        here.rpc("anvil_setChainId", 31337)


def test_another_ply(here: Arena) -> None:
    """The understudy may be at the same move two plies later; the old proof says another ply and another position."""
    game = here.start()
    move, proof = here.prove(game, PAYEE)
    here.send(here.submit(game, move, proof.bitmap, PAYEE, proof.proof))
    here.wait(int(LEELA_BEGINS["votingPeriod"]))
    here.send(here.contract.functions.closeVote(game))  # nobody voted: the understudy moves for the World
    refusal = here.refusal(here.submit(game, move, proof.bitmap, PAYEE, proof.proof))
    assert refusal == Refusal("IllegalMove", (encoding.pack_move(move),))
    reply, second = here.prove(game, PAYEE)
    assert reply in here.summary(game)["position"].unpack().legal_moves
    here.send(here.submit(game, reply, second.bitmap, PAYEE, second.proof))
    assert here.summary(game)["position"].ply == 2


@pytest.mark.parametrize("place", ["first", "middle", "last", "cut", "empty"])
def test_damaged_proof(here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal, place: str) -> None:
    game, move, proof = proven
    data = bytearray(proof.proof)
    if place == "cut":
        data.pop()
    elif place == "empty":
        data.clear()
    else:
        data[{"first": 40, "middle": len(data) // 2, "last": -1}[place]] ^= 1
    if len(data) != len(proof.proof):
        rejected = Refusal("WrongProofLength", (len(data), len(proof.proof)))
    assert here.refusal(here.submit(game, move, proof.bitmap, PAYEE, bytes(data))) == rejected


def test_bytes_after_the_proof(here: Arena, proven: tuple[int, chess.Move, Proof]) -> None:
    """The verifier would not read them; the contract knows how long a proof is."""
    game, move, proof = proven
    length = len(proof.proof)
    refusal = here.refusal(here.submit(game, move, proof.bitmap, PAYEE, proof.proof + b"more"))
    assert refusal == Refusal("WrongProofLength", (length + 4, length))


def test_a_verifier_that_does_not_fit_its_sample(here: Arena) -> None:
    """Another network's or setup's proof, and a contract that is no verifier, are refused when they are registered."""
    add = here.contract.functions.addModel
    spoilt = bytearray(here.sample)
    spoilt[-40] ^= 1
    refusal = here.refusal(add(here.verifier, True, here.prover.network_hash, bytes(spoilt)))
    assert refusal == Refusal("UnfitVerifier", (here.verifier.lower(), 0))
    rules = here.contract.functions.rules().call()
    refusal = here.refusal(add(rules, True, here.prover.network_hash, here.sample))
    assert refusal == Refusal("UnfitVerifier", (rules.lower(), 0))
    used = here.send(add(here.verifier, True, here.prover.network_hash, here.sample))["gasUsed"]
    assert used < 8_000_000


def test_point_off_the_curve_costs_no_more_than_a_proof(
    here: Arena, proven: tuple[int, chess.Move, Proof], rejected: Refusal
) -> None:
    game, move, proof = proven
    off = (1).to_bytes(32, "big") * 2 + proof.proof[64:]
    call = here.submit(game, move, proof.bitmap, PAYEE, off)
    assert here.refusal(call) == rejected
    transaction = call.build_transaction({"from": here.owner, "gas": 16_000_000, "gasPrice": 10**10})
    receipt = here.w3.eth.wait_for_transaction_receipt(here.w3.eth.send_transaction(transaction))
    assert receipt["status"] == 0
    assert receipt["gasUsed"] < 600_000
