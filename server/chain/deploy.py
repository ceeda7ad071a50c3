"""From compiled contracts to a game on a chain: verifier, game contract, model, book, and the local demo's games."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract

from server.chain.contracts import CONTRACTS, artifact, artifact_hash, compile_verifier, game_contract, state_of
from server.chain.node import Unreachable, connect
from server.chain.sender import Sender
from server.files import read_record, write_json
from server.model.game import State
from server.model.position import Position
from server.settings import Environment, SettingsError

ETHER = 10**18
HOUSE_STAKE = ETHER
"""What the house stakes on Leela in each game of the local demo, in wei."""

DEMO_TERMS: Mapping[str, int | bool] = {
    "model": 0,
    "book": 0,
    "worldIsWhite": True,
    "leelaPoolOpen": True,
    "lobbyPeriod": 0,
    "votingPeriod": 24 * 3600,
    "minPeriod": 0,
    "provingPeriod": 30 * 24 * 3600,
    "quorum": 0,
    "fee": 0,
    "maxOdds": 10,
    "maxPly": 300,
    "minStake": ETHER // 1000,
    "maxStake": 0,
    "reward": 0,
}
"""Terms of the local demo, for one person: long periods and no fee."""


@dataclass(frozen=True)
class Deployment:
    """What was deployed: `deployment.json` in the data folder. Hashes and addresses are 0x-prefixed hex."""

    chainId: int  # noqa: N815  (the names of the JSON file)
    contract: str
    codeHash: str  # noqa: N815
    artifactHash: str  # noqa: N815
    block: int
    model: int
    book: int
    verifier: str
    networkHash: str  # noqa: N815
    verifyingKeyHash: str  # noqa: N815
    insecure: bool

    @classmethod
    def load(cls, data_dir: Path) -> Deployment | None:
        """The data folder's deployment; None if there is none. Raises SettingsError for a damaged file."""
        return read_record(data_dir / "deployment.json", cls)

    def save(self, data_dir: Path) -> None:
        """Writes it into the data folder, whole or not at all."""
        write_json(data_dir / "deployment.json", asdict(self))


@dataclass(frozen=True)
class Verifier:
    """A verifier's Solidity and what it belongs to, as the prover wrote it."""

    source: str
    network_hash: str
    verifying_key_hash: str
    insecure: bool
    sample: str
    """Public words and a valid proof of them, hex: `addModel` tries the verifier on it."""


def read_book(name: str) -> list[Position]:
    """The positions of a file in `contracts/book`."""
    book = json.loads((CONTRACTS / "book" / f"{name}.json").read_text())
    return [Position(int(opening["board"], 16), int(opening["state"], 16)) for opening in book["openings"]]


def add_book(game: Contract, owner: Sender, openings: Sequence[Position]) -> int:
    """Registers a book of openings and returns its number."""
    words = b"".join(word.to_bytes(32, "big") for opening in openings for word in opening)
    receipt = owner.send(game.functions.addBook(words))
    return int(game.events.BookAdded().process_receipt(receipt)[0]["args"]["book"])


def deploy(w3: Web3, owner: Sender, verifier: Verifier, cache_dir: Path) -> Deployment:
    """Deploys verifier and game contract, registers the model and the book of openings. Raises SettingsError."""
    verifier_code = compile_verifier(verifier.source, cache_dir).creation

    def create(code: str) -> tuple[str, int]:
        receipt = owner.send(w3.eth.contract(abi=[], bytecode=HexBytes(code)).constructor())
        return str(receipt["contractAddress"]), int(receipt["blockNumber"])

    verifier_address, _ = create(verifier_code)
    address, block = create(artifact("Game")["bytecode"]["object"])
    game = game_contract(w3, address)
    hash_, sample = HexBytes(verifier.network_hash), HexBytes(verifier.sample)
    added = owner.send(game.functions.addModel(verifier_address, verifier.insecure, hash_, sample))
    return Deployment(
        chainId=w3.eth.chain_id,
        contract=address,
        codeHash=code_hash(w3, address),
        artifactHash=artifact_hash(),
        block=block,
        model=int(game.events.ModelAdded().process_receipt(added)[0]["args"]["model"]),
        book=add_book(game, owner, read_book("openings")),
        verifier=verifier_address,
        networkHash=verifier.network_hash,
        verifyingKeyHash=verifier.verifying_key_hash,
        insecure=verifier.insecure,
    )


def node_of(env: Environment) -> str:
    """The URL of the chain's JSON-RPC: the setting's, or the local chain's."""
    return env.rpc_url or f"http://127.0.0.1:{env.chain_port}"


def locate(url: str | None = None, contract: str | None = None) -> tuple[Web3, str, int]:
    """The chain and the contract that are given, else those of the settings, and the block to start reading at.

    Raises SettingsError if there are none.
    """
    given = {name: value for name, value in (("rpc_url", url), ("contract", contract)) if value is not None}
    env = Environment.read(**given)
    node = node_of(env)
    address, start = env.contract, env.start_block
    if address is None:
        deployment = Deployment.load(env.data_dir)
        if deployment is None:
            raise SettingsError(f"CONTRACT: not set, and nothing is deployed from DATA_DIR {env.data_dir}")
        address, start = deployment.contract, deployment.block if start is None else start
    w3 = connect(node)
    try:
        code = w3.eth.get_code(Web3.to_checksum_address(address))
    except Unreachable as error:
        raise SettingsError(f"RPC_URL: no chain answers at {node} ({type(error).__name__})") from None
    if not code:
        raise SettingsError(f"CONTRACT: there is no code at {address} on this chain")
    return w3, address, start or 0


def code_hash(w3: Web3, address: str) -> str:
    """keccak256 of the code at an address."""
    return Web3.keccak(w3.eth.get_code(Web3.to_checksum_address(address))).to_0x_hex()


def check(w3: Web3, deployment: Deployment, network_hash: str) -> None:
    """Checks that a deployment is on the chain and belongs to this checkout's contracts and network.

    Raises SettingsError otherwise: nothing is changed, and the games on that contract stay what they are.
    """
    again = "start over with `proofmate reset`"
    if not w3.eth.get_code(Web3.to_checksum_address(deployment.contract)):
        raise SettingsError(
            f"CONTRACT: there is no code at {deployment.contract} on this chain; {again}, or set RPC_URL"
        )
    if code_hash(w3, deployment.contract) != deployment.codeHash:
        raise SettingsError(f"CONTRACT: the code at {deployment.contract} is not what was deployed there; {again}")
    if deployment.artifactHash != artifact_hash():
        raise SettingsError(f"DATA_DIR: its games were deployed from other contracts than this checkout's; {again}")
    if deployment.networkHash != network_hash:
        raise SettingsError(f"NETWORK: it is not the one that plays in DATA_DIR ({deployment.networkHash}); {again}")


def check_verifier(deployment: Deployment, verifier: Verifier) -> None:
    """Checks that this checkout's prover makes proofs for the verifier that was deployed. Raises SettingsError."""
    if deployment.verifyingKeyHash != verifier.verifying_key_hash:
        again = "start over with `proofmate reset`"
        raise SettingsError(f"DATA_DIR: its verifier takes no proofs of this checkout's prover and SETUP; {again}")


def create_game(game: Contract, owner: Sender, terms: Mapping[str, int | bool], fund: int = 0, pot: int = 0) -> int:
    """Opens a lobby and returns the game's number. `fund` pays proofs, `pot` is a prize, in wei."""
    receipt = owner.send(game.functions.createGame(dict(terms), pot), fund + pot)
    return int(game.events.GameCreated().process_receipt(receipt)[0]["args"]["game"])


def first_game(game: Contract, owner: Sender, deployment: Deployment) -> int | None:
    """Opens the local demo's first game, whose lobby waits for a stake; its number, or None if there are games."""
    if int(game.functions.games().call()):
        return None
    return create_game(game, owner, {**DEMO_TERMS, "model": deployment.model, "book": deployment.book})


def state(game: Contract, number: int) -> State | None:
    """A game's state; None: there is no such game."""
    return state_of(game.functions.summary(number).call())
