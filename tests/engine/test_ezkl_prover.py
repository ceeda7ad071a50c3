"""Proofs by ezkl stand for what their words say."""

import json
from pathlib import Path

import ezkl
import numpy as np
import pytest

from engine import ezkl_prover
from engine.ezkl_prover import EzklProver
from engine.policy import scores
from engine.proof import Proof, ProofCancelled
from engine.words import SCALAR_FIELD
from tests.engine.random_networks import shaped_network


@pytest.mark.slow
def test_refuses_what_is_too_large(tmp_path: Path) -> None:
    shaped_network(1, 16, 1 << 13, [(62, 1, False)] * 3 + [(2, 1, False)], 0.1).save(tmp_path / "network")
    with pytest.raises(ValueError, match=r"needs \d+ rows; this prover carries up to 2\^20"):
        EzklProver(tmp_path / "network", tmp_path)
    assert not list(tmp_path.glob("ezkl-*/"))


@pytest.fixture(scope="module")
def network_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ezkl") / "network"
    shaped_network(3, 8, 1 << 14, [(2, 3, False), (2, 1, False)], 0.4, planes=2).save(path)
    return path


@pytest.fixture(scope="module")
def prover(network_file: Path) -> EzklProver:
    return EzklProver(network_file, network_file.parent / "cache")


PLANES = np.random.default_rng(4).integers(0, 2, (2, 8, 8), dtype=np.uint8)
LEGAL = [3, 17, 64, 100, 127]
CONTEXT = SCALAR_FIELD - 2


@pytest.fixture(scope="module")
def proof(prover: EzklProver) -> Proof:
    return prover.prove(PLANES, LEGAL, CONTEXT)


@pytest.mark.slow
def test_a_proof_shows_the_best_legal_move(prover: EzklProver, proof: Proof) -> None:
    logits = prover.network.logits(PLANES)
    assert proof.words == [*PLANES.reshape(-1).tolist(), CONTEXT, *(int(logit) % SCALAR_FIELD for logit in logits)]
    assert proof.index == max(LEGAL, key=lambda index: scores(logits)[index])
    assert prover.verify(proof.words, proof.proof)


@pytest.mark.slow
@pytest.mark.parametrize("word", [0, 127, 128, 129, 256], ids=["bit", "last bit", "context", "logit", "last logit"])
def test_no_other_word_verifies(prover: EzklProver, proof: Proof, word: int) -> None:
    changed = list(proof.words)
    changed[word] = 1 - changed[word] if word < 128 else (changed[word] + 1) % SCALAR_FIELD
    assert not prover.verify(changed, proof.proof)
    changed[word] = proof.words[word] + SCALAR_FIELD
    assert not prover.verify(changed, proof.proof)


@pytest.mark.slow
def test_a_witness_with_another_logit_proves_nothing(prover: EzklProver, tmp_path: Path) -> None:
    inputs = [*PLANES.reshape(-1).tolist(), CONTEXT]
    (tmp_path / "input.json").write_text(json.dumps({"input_data": [[ezkl_prover._felt(word) for word in inputs]]}))
    circuit, pk, setup = (str(prover._folder / name) for name in ("circuit", "pk", "setup"))
    witness = ezkl.gen_witness(str(tmp_path / "input.json"), circuit, None, None, None)
    logit = int(prover.network.logits(PLANES)[5]) + 1
    witness["outputs"][0][5] = ezkl_prover._felt(logit % SCALAR_FIELD)
    (tmp_path / "witness.json").write_text(json.dumps(witness))
    try:
        forged = ezkl.prove(str(tmp_path / "witness.json"), circuit, pk, None, setup)
    except RuntimeError:
        return
    words = [int.from_bytes(bytes.fromhex(felt), "little") for felt in forged["instances"][0]]
    assert not prover.verify(words, bytes.fromhex(forged["proof"].removeprefix("0x")))


@pytest.mark.slow
def test_bad_proofs_are_only_false(prover: EzklProver, proof: Proof) -> None:
    for bad in (b"", proof.proof[:-1], proof.proof[:-32], bytes(len(proof.proof)), b"\xff" * len(proof.proof)):
        assert not prover.verify(proof.words, bad)
    for words in ([], proof.words[:-1], [*proof.words, 0]):
        assert not prover.verify(words, proof.proof)


@pytest.mark.slow
def test_proving_can_be_cancelled(prover: EzklProver) -> None:
    with pytest.raises(ProofCancelled):
        prover.prove(PLANES, LEGAL, CONTEXT, cancelled=lambda: True)


@pytest.mark.slow
def test_bad_input(prover: EzklProver) -> None:
    with pytest.raises(ValueError, match="2 planes of 64 squares, each 0 or 1"):
        prover.prove(PLANES * 2, LEGAL, CONTEXT)
    with pytest.raises(ValueError, match="scalar field"):
        prover.prove(PLANES, LEGAL, SCALAR_FIELD)
    with pytest.raises(ValueError, match="no legal move"):
        prover.prove(PLANES, [], CONTEXT)


@pytest.mark.slow
def test_damaged_keys_are_derived_again(
    prover: EzklProver, network_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []
    monkeypatch.setattr(EzklProver, "_derive", lambda self, model, progress: calls.append(self._folder))
    cache = network_file.parent / "cache"
    EzklProver(network_file, cache)
    assert calls == []
    (key,) = cache.glob("*/vk")
    whole = key.read_bytes()
    key.write_bytes(whole[:-1])
    EzklProver(network_file, cache)
    key.write_bytes(whole)
    assert calls == [key.parent]


@pytest.mark.slow
def test_the_verifier_is_written(prover: EzklProver, proof: Proof, tmp_path: Path) -> None:
    prover.write_verifier(tmp_path / "Verifier.sol")
    assert "function verifyProof" in (tmp_path / "Verifier.sol").read_text()
    assert proof.proof in prover.calldata(proof.words, proof.proof)
