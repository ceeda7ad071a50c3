"""The game contract on a local chain with a real prover's verifier, played by direct transactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chess
from eth_abi.abi import decode
from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError
from web3.types import TxReceipt

from engine import encoding
from engine.prover import Proof, Prover
from server.chain import contracts, deploy, proving
from server.model.position import Position
from tests.server.table import run_anvil

RICH = 10**24
LEELA_BEGINS: Mapping[str, int | bool] = {
    **deploy.DEMO_TERMS,
    "worldIsWhite": False,
    "votingPeriod": 300,
    "provingPeriod": 3600,
    "minStake": 1000,
    "reward": 5,
}
"""Terms of a game whose first move is Leela's."""


@dataclass(frozen=True)
class Refusal:
    """The named error that a call reverts with."""

    name: str
    values: tuple[Any, ...]


def account(name: str) -> Any:
    """A wallet of its own for each name."""
    return Account.from_key(Web3.keccak(text=name))


class Arena:
    """A game contract with one model, number 0, and a book, number 0, that holds the given positions."""

    def __init__(self, url: str, prover: Prover, cache: Path, book: Iterable[chess.Board]) -> None:
        self.w3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 300}))
        self.prover = prover
        self.rpc("anvil_autoImpersonateAccount", True)
        self.owner = account("owner").address
        self.rpc("anvil_setBalance", self.owner, hex(RICH))
        self.verifier = self._create(contracts.compile_verifier(prover.verifier_source(), cache).creation)
        self.sample = b""
        self.contract = self.new_contract()
        self.book(book)

    def new_contract(self) -> Contract:
        """A game contract of its own, with the model and no book."""
        contract = contracts.game_contract(self.w3, self._create(contracts.artifact("Game")["bytecode"]["object"]))
        sample = self.sample = self.sample or proving.sample_move(self.prover)
        self.send(contract.functions.addModel(self.verifier, True, self.prover.network_hash, sample))
        return contract

    def book(self, boards: Iterable[chess.Board]) -> None:
        """Adds a book."""
        positions = [Position.pack(board, 0) for board in boards]
        words = b"".join(word.to_bytes(32, "big") for position in positions for word in position)
        self.send(self.contract.functions.addBook(words))

    def _create(self, code: str) -> str:
        receipt = self.send(self.w3.eth.contract(abi=[], bytecode=code).constructor())
        return str(receipt["contractAddress"])

    # ------------------------------------------------------------------------------------------------ transactions

    def rpc(self, method: str, *parameters: Any) -> Any:
        answer = self.w3.provider.make_request(method, list(parameters))  # type: ignore[arg-type]
        assert "error" not in answer, answer
        return answer["result"]

    def send(self, call: Any, sender: str | None = None, value: int = 0) -> TxReceipt:
        """The receipt of a transaction; it must succeed."""
        sender = sender or self.owner
        transaction = call.build_transaction({"from": sender, "value": value, "gas": 16_777_216, "gasPrice": 10**10})
        self.rpc("anvil_setBalance", sender, hex(RICH))
        receipt = self.w3.eth.wait_for_transaction_receipt(self.w3.eth.send_transaction(transaction), 300, 0.01)
        if receipt["status"] != 1:
            raise AssertionError(f"{call.fn_name} is refused: {self.refusal(call, sender, value)}")
        return receipt

    def refusal(self, call: Any, sender: str | None = None, value: int = 0) -> Refusal | None:
        """The error that a call would revert with now; None if it would succeed."""
        try:
            call.call({"from": sender or self.owner, "value": value, "gas": 16_777_216})
        except ContractCustomError as error:
            data = bytes.fromhex(str(error.data).removeprefix("0x"))
            for entry in (*contracts.artifact("Game")["abi"], *contracts.artifact("Rules")["abi"]):
                types = [item["type"] for item in entry.get("inputs", ())]
                if entry["type"] == "error" and data[:4] == Web3.keccak(text=f"{entry['name']}({','.join(types)})")[:4]:
                    return Refusal(entry["name"], decode(types, data[4:]))
            raise
        return None

    def wait(self, seconds: int = 0, blocks: int = 1) -> None:
        self.rpc("evm_increaseTime", seconds)
        self.rpc("anvil_mine", hex(blocks))

    # --------------------------------------------------------------------------------------------------------- games

    def create_game(self, terms: Mapping[str, int | bool], fund: int = 100, contract: Contract | None = None) -> int:
        call = (contract or self.contract).functions.createGame(dict(terms), 0)
        count = int((contract or self.contract).functions.games().call())
        self.send(call, value=fund)
        return count

    def start(self, terms: Mapping[str, int | bool] = LEELA_BEGINS, contract: Contract | None = None) -> int:
        """A game in its first position, with one World stake."""
        functions = (contract or self.contract).functions
        game = self.create_game(terms, contract=contract)
        self.send(functions.stake(game, 0, account("vote key").address), account("World").address, 1000)
        self.send(functions.closeLobby(game))
        self.wait(blocks=3)
        self.send(functions.begin(game))
        return game

    def summary(self, game: int) -> dict[str, Any]:
        found = self.contract.functions.summary(game).call()
        return found._asdict() | {"position": Position(*found.position), "state": contracts.state_of(found)}

    def prove(self, game: int, payee: str, contract: str | None = None) -> tuple[chess.Move, Proof]:
        """The network's move in the present position of a game, and its proof."""
        summary = self.summary(game)
        position: Position = summary["position"]
        board = position.unpack()
        legal = encoding.legal_indices(board)
        chain = self.w3.eth.chain_id
        context = encoding.context_word(chain, contract or self.contract.address, game, position.ply, payee)
        proof = self.prover.prove(encoding.planes(board, summary["repeated"]), legal, context)
        return legal[proof.index], proof

    def submit(self, game: int, move: chess.Move, bitmap: list[int], payee: str, proof: bytes) -> Any:
        """The call, not yet sent."""
        return self.contract.functions.submitMove(game, encoding.pack_move(move), bitmap, payee, proof)


@contextmanager
def arena(prover: Prover, cache: Path, book: Iterable[chess.Board] = (chess.Board(),)) -> Iterator[Arena]:
    """An arena on a chain of its own."""
    with run_anvil("--hardfork", "osaka", "--gas-limit", str(1 << 34)) as url:
        yield Arena(url, prover, cache, book)
