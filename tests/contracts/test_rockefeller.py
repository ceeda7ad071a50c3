"""Real proofs of a perceptron, obeyed by the vault on a pool of Uniswap's own byte code; and the ways to abuse them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.types import TxReceipt

from engine.dense import Network
from engine.prover import Proof, Prover
from engine.setup import Setup
from engine.words import SCALAR_FIELD
from server.chain import contracts
from tests.contracts.arena import account
from tests.server.table import run_anvil

PAYEE = account("payee").address
THIEF = account("thief").address
BASE, QUOTE = account("base").address, account("quote").address  # Nothing moves: the vault is empty.
HOURS = 37
UNISWAP = contracts.CONTRACTS / "node_modules/@uniswap/v3-core/artifacts/contracts"

pytestmark = pytest.mark.slow


def perceptron() -> Network:
    """36 features, 8 hidden, 12 classes, at random."""
    rng = np.random.default_rng(7)
    return Network.dense(
        [rng.integers(-300, 300, (8, 36)), rng.integers(-300, 300, (12, 8))],
        [rng.integers(-9 << 11, 9 << 11, 8), rng.integers(-900, 900, 12)],
        shift=11,
    )


class Vault:
    """An empty vault on an empty pool, with a whole window of hours at one tick."""

    def __init__(self, w3: Web3, prover: Prover, network: Network, verifier: str) -> None:
        self.w3, self.prover, self.network = w3, prover, network
        factory = self.deploy(*uniswap("UniswapV3Factory"))
        self.send(factory.functions.createPool(BASE, QUOTE, 500))
        pool = w3.eth.contract(
            address=factory.functions.getPool(BASE, QUOTE, 500).call(), abi=uniswap("UniswapV3Pool")[0]
        )
        self.send(pool.functions.initialize(int(1.0001**350 * 2**96)))
        sample = prover.prove(network.input(np.zeros(36, int)), network.classes, 0)
        self.sample = b"".join(word.to_bytes(32, "big") for word in sample.words) + sample.proof
        self.terms = (factory.address, BASE, QUOTE, 500, verifier, prover.network_hash, 10, 10**18)
        self.contract = self.new_contract()
        self.wait((HOURS + 2) * 3600)
        self.record(self.contract)

    def send(self, call: Any) -> TxReceipt:
        sent = call.transact({"from": self.w3.eth.accounts[0], "gas": 16_777_216})
        receipt = self.w3.eth.wait_for_transaction_receipt(sent, 60, 0.01)
        assert receipt["status"] == 1
        return receipt

    def deploy(self, abi: Any, code: str, *arguments: Any) -> Contract:
        receipt = self.send(self.w3.eth.contract(abi=abi, bytecode=code).constructor(*arguments))
        return self.w3.eth.contract(address=Web3.to_checksum_address(str(receipt["contractAddress"])), abi=abi)

    def rpc(self, method: str, *parameters: Any) -> None:
        answer = self.w3.provider.make_request(method, list(parameters))  # type: ignore[arg-type]
        assert "error" not in answer, answer

    def wait(self, seconds: int) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("anvil_mine", "0x1")

    def new_contract(self, sample: bytes | None = None) -> Contract:
        made = contracts.artifact("Rockefeller")
        return self.deploy(made["abi"], made["bytecode"]["object"], self.terms, sample or self.sample)

    def record(self, contract: Contract) -> None:
        for hour in range(self.hour() - HOURS, self.hour() + 1):
            self.send(contract.functions.record(hour))

    def hour(self) -> int:
        return int(self.contract.functions.currentHour().call())

    def prove(self, hour: int, payee: str) -> tuple[int, Proof]:
        """The network's bucket in an hour, and its proof. The words are as documented, and as the contract has them."""
        functions = self.contract.functions
        values = (self.w3.eth.chain_id, self.contract.address, hour, payee)
        context = int.from_bytes(keccak(encode(["uint256", "address", "uint256", "address"], values))) % SCALAR_FIELD
        assert context == functions.context(hour, payee).call()
        proof = self.prover.prove(self.network.input(functions.features(hour).call()), self.network.classes, context)
        assert proof.words[4:15] == functions.inputWords(hour).call()
        return proof.index // 64, proof

    def refusal(self, call: Any) -> str | None:
        """The name of the error that a call reverts with now; None if it would succeed."""
        try:
            call.call({"from": self.w3.eth.accounts[0], "gas": 16_777_216})
        except ContractCustomError as error:
            found = {name_of(entry): entry["name"] for entry in self.contract.abi if entry["type"] == "error"}
            return str(found[str(error.data)[:10]])
        return None


def name_of(entry: Any) -> str:
    """The selector of an error, 0x-prefixed hex."""
    return "0x" + keccak(text=f"{entry['name']}({','.join(item['type'] for item in entry['inputs'])})")[:4].hex()


def uniswap(name: str) -> tuple[Any, str]:
    """ABI and creation code from Uniswap's own package."""
    made = json.loads((UNISWAP / f"{name}.sol" / f"{name}.json").read_text())
    return made["abi"], made["bytecode"]


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    folder = tmp_path_factory.mktemp("vault")
    network = perceptron()
    prover = Prover(network, Setup.from_seed(0), folder)
    with run_anvil("--hardfork", "osaka", "--gas-limit", str(1 << 34)) as url:
        w3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 300}))
        code = contracts.compile_verifier(prover.verifier_source(), folder).creation
        sent = w3.eth.send_transaction({"from": w3.eth.accounts[0], "data": code, "gas": 16_777_216})  # type: ignore[typeddict-item]
        verifier = str(w3.eth.wait_for_transaction_receipt(sent)["contractAddress"])
        yield Vault(w3, prover, network, verifier)


def test_obeys_a_proof_once_and_no_other(vault: Vault) -> None:
    hour = vault.hour()
    bucket, proof = vault.prove(hour, PAYEE)
    decide = vault.contract.functions.decide
    # Another payee, hour, bucket, proof, and words that the verifier reads as the same.
    assert vault.refusal(decide(hour, bucket, THIEF, proof.bitmap, proof.proof)) == "ProofRejected"
    assert vault.refusal(decide(hour - 1, bucket, PAYEE, proof.bitmap, proof.proof)) == "NotThisHour"
    assert vault.refusal(decide(hour, bucket ^ 1, PAYEE, proof.bitmap, proof.proof)) in (
        "ClassNotSet",
        "BetterClassSet",
    )
    spoilt = bytearray(proof.proof)
    spoilt[-40] ^= 1
    assert vault.refusal(decide(hour, bucket, PAYEE, proof.bitmap, bytes(spoilt))) == "ProofRejected"
    assert vault.refusal(decide(hour, bucket, PAYEE, proof.bitmap, proof.proof + b"more")) == "WrongProofLength"
    for word in range(4):
        words = list(proof.bitmap)
        words[word] += SCALAR_FIELD
        expected = ("WordOutOfRange", "ClassNotSet", "BetterClassSet")
        assert vault.refusal(decide(hour, bucket, PAYEE, words, proof.proof)) in expected
    twin = vault.new_contract()
    vault.record(twin)
    assert vault.refusal(twin.functions.decide(hour, bucket, PAYEE, proof.bitmap, proof.proof)) == "ProofRejected"
    vault.rpc("anvil_setChainId", 5)
    assert vault.refusal(decide(hour, bucket, PAYEE, proof.bitmap, proof.proof)) == "ProofRejected"
    vault.rpc("anvil_setChainId", 31337)

    receipt = vault.send(decide(hour, bucket, PAYEE, proof.bitmap, proof.proof))
    (decided,) = vault.contract.events.Decided().process_receipt(receipt)
    assert (decided["args"]["hour"], decided["args"]["bucket"], decided["args"]["payee"]) == (hour, bucket, PAYEE)
    assert receipt["gasUsed"] < 750_000
    assert vault.refusal(decide(hour, bucket, PAYEE, proof.bitmap, proof.proof)) == "AlreadyDecided"
    # The next hour, with the very same input.
    vault.wait(3600)
    vault.send(vault.contract.functions.record(hour + 1))
    assert vault.refusal(decide(hour + 1, bucket, PAYEE, proof.bitmap, proof.proof)) == "ProofRejected"
    bucket, proof = vault.prove(hour + 1, PAYEE)
    vault.send(decide(hour + 1, bucket, PAYEE, proof.bitmap, proof.proof))


def test_a_foreign_verifier_cannot_be_pinned(vault: Vault) -> None:
    """The vault tries its verifier out: a sample of other words or another proof does not fit."""
    made = contracts.artifact("Rockefeller")
    for place in (31, 15 * 32 - 1, 16 * 32 - 1, -40):
        spoilt = bytearray(vault.sample)
        spoilt[place] ^= 1
        factory = vault.w3.eth.contract(abi=made["abi"], bytecode=made["bytecode"]["object"])
        with pytest.raises(ContractCustomError):
            factory.constructor(vault.terms, bytes(spoilt)).estimate_gas({"gas": 16_777_216})
