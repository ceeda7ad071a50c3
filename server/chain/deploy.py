"""From compiled contracts to a game on a chain: verifier, game contract, model, book, and the local demo's games."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from eth_account import Account
from eth_typing import ChecksumAddress
from eth_utils.abi import abi_to_signature
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import Web3Exception

from server.model.position import Position
from server.settings import ROOT, Environment, SettingsError, read_json, write_atomically, write_json

CONTRACTS = ROOT / "contracts"

ETHER = 10**18
HOUSE_STAKE = ETHER
"""What the house stakes on Leela in each game of the local demo, in wei."""

STATES = ("none", "lobby", "drawn", "vote", "prove", "over")
"""Names of IGame.State."""

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
    "reward": 0,
}
"""Terms of the local demo, played by one person: no clock hurries anybody, nothing costs a fee."""


@dataclass(frozen=True)
class Deployment:
    """What was deployed, as `deployment.json` in the data folder keeps it. Hashes and addresses are 0x-prefixed hex."""

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
        path = data_dir / "deployment.json"
        value = read_json(path)
        try:
            return None if value is None else cls(**value)
        except TypeError:
            raise SettingsError(f"DATA_DIR: {path} is of another version; start over with `proofmate reset`") from None

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


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a verifier: the code that creates it, and the code it then has. 0x-prefixed hex."""

    creation: str
    runtime: str


class Sender:
    """Sends transactions of one key, one after another, each mined before the next."""

    def __init__(self, w3: Web3, key: str, setting: str) -> None:
        self.w3, self.setting, self.account = w3, setting, Account.from_key(key)

    @property
    def address(self) -> ChecksumAddress:
        return Web3.to_checksum_address(self.account.address)

    def send(self, call: Any, value: int = 0) -> Mapping[str, Any]:
        """Sends a contract call or constructor and returns the receipt. Raises SettingsError if it is refused."""
        try:
            transaction = call.build_transaction(
                {
                    "from": self.address,
                    "value": value,
                    "nonce": self.w3.eth.get_transaction_count(self.address, "pending"),
                }
            )
            transaction["gas"] = transaction["gas"] * 5 // 4
            signed = self.account.sign_transaction(transaction)
            receipt = self.w3.eth.wait_for_transaction_receipt(self.w3.eth.send_raw_transaction(signed.raw_transaction))
        except (Web3Exception, ValueError) as error:
            reason = revert_reason(error)
            raise SettingsError(
                f"{self.setting}: the chain refused a transaction of {self.address}: {reason}"
            ) from error
        if receipt["status"] != 1:
            raise SettingsError(f"{self.setting}: transaction {receipt['transactionHash'].to_0x_hex()} was reverted")
        return cast("Mapping[str, Any]", receipt)


# ------------------------------------------------------------------------------------------------------- compiled code


@functools.cache
def artifact(contract: str) -> dict[str, Any]:
    """What forge made of a contract of `contracts/src`. Raises SettingsError before `make setup`."""
    path = CONTRACTS / "out" / f"{contract}.sol" / f"{contract}.json"
    try:
        return cast("dict[str, Any]", json.loads(path.read_text()))
    except (OSError, ValueError):
        raise SettingsError(f"{path} is missing or damaged: the contracts are not built; run `make setup`") from None


def abi() -> list[dict[str, Any]]:
    """The game contract's ABI, with the errors of the rules, which come through it unchanged."""
    own = cast("list[dict[str, Any]]", artifact("Game")["abi"])
    return own + [entry for entry in artifact("Rules")["abi"] if entry["type"] == "error" and entry not in own]


def connect(url: str) -> Web3:
    """A chain. Calls do not try again when nothing answers."""
    return Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 30}, exception_retry_configuration=None))


def revert_reason(error: Exception) -> str:
    """What a refused call says of itself: the name of the contract's error, if it is one of the game's."""
    data = getattr(error, "data", None)
    if not isinstance(data, str):
        return str(error)
    selectors = {
        Web3.keccak(text=abi_to_signature(cast(Any, entry)))[:4].to_0x_hex(): str(entry["name"])
        for entry in abi()
        if entry["type"] == "error"
    }
    return selectors.get(data[:10], data)


def game_contract(w3: Web3, address: str) -> Contract:
    """The game contract at an address, to call."""
    return w3.eth.contract(address=Web3.to_checksum_address(address), abi=abi())


def is_code_of(contract: str, code: bytes) -> bool:
    """Whether the code at an address is that of this checkout's contract, whatever its immutable values."""
    compiled = artifact(contract)["deployedBytecode"]
    ours, theirs = bytearray.fromhex(compiled["object"].removeprefix("0x")), bytearray(code)
    if len(ours) != len(theirs):
        return False
    for places in compiled.get("immutableReferences", {}).values():
        for place in places:
            part = slice(place["start"], place["start"] + place["length"])
            ours[part] = theirs[part] = bytes(place["length"])
    return ours == theirs


def artifact_hash() -> str:
    """Hash of the compiled contracts: tells a data folder that was made with others."""
    return "0x" + hashlib.sha256(artifact("Game")["bytecode"]["object"].encode()).hexdigest()


def compile_verifier(source: str, cache_dir: Path) -> Compiled:
    """A generated verifier, compiled by the npm package solc, or found in the cache.

    The Yul optimiser is off: on the generated code it needs more memory than solc has. Raises SettingsError.
    """
    request = {
        "language": "Solidity",
        "sources": {"Verifier.sol": {"content": source}},
        "settings": {
            "evmVersion": "cancun",
            "optimizer": {"enabled": True, "runs": 1, "details": {"yul": False}},
            "outputSelection": {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode.object"]}},
        },
    }
    text = json.dumps(request, sort_keys=True)
    compiler = (CONTRACTS / "package-lock.json").read_bytes()  # which names solc's version
    folder = cache_dir / "verifiers"
    kept = folder / (hashlib.sha256(compiler + text.encode()).hexdigest() + ".json")
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Compiled(**json.loads(kept.read_text()))
    try:
        run = subprocess.run(
            [str(CONTRACTS / "solc"), "--standard-json"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            timeout=600,
        )
        output = json.loads(run.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise SettingsError(
            f"the verifier could not be compiled by {CONTRACTS / 'solc'}: {error}; run `make setup`"
        ) from None
    if errors := [e["formattedMessage"] for e in output.get("errors", []) if e["severity"] == "error"]:
        raise SettingsError(f"the verifier does not compile: {errors[0]}")
    contracts = [contract["evm"] for file in output["contracts"].values() for contract in file.values()]
    largest = max(contracts, key=lambda code: len(code["bytecode"]["object"]))
    compiled = Compiled("0x" + largest["bytecode"]["object"], "0x" + largest["deployedBytecode"]["object"])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(asdict(compiled)).encode() + b"\n")
    except OSError as error:
        raise SettingsError(f"CACHE_DIR: {kept} cannot be written ({error.strerror})") from None
    return compiled


# ---------------------------------------------------------------------------------------------------------- deploying


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
    added = owner.send(game.functions.addModel(verifier_address, verifier.insecure, HexBytes(verifier.network_hash)))
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


def locate(url: str | None = None, contract: str | None = None) -> tuple[Web3, str, int]:
    """The chain and the contract that are given, else those of the settings, and the block to start reading at.

    Raises SettingsError if there are none.
    """
    given = {name: value for name, value in (("rpc_url", url), ("contract", contract)) if value is not None}
    env = Environment.read(**given)
    node = env.rpc_url or f"http://127.0.0.1:{env.chain_port}"
    address, start = env.contract, env.start_block
    if address is None:
        deployment = Deployment.load(env.data_dir)
        if deployment is None:
            raise SettingsError(f"CONTRACT: not set, and nothing is deployed from DATA_DIR {env.data_dir}")
        address, start = deployment.contract, deployment.block if start is None else start
    w3 = connect(node)
    try:
        code = w3.eth.get_code(Web3.to_checksum_address(address))
    except (OSError, Web3Exception) as error:
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


# ---------------------------------------------------------------------------------------------------------- demo games


def create_game(game: Contract, owner: Sender, terms: Mapping[str, int | bool], fund: int = 0, pot: int = 0) -> int:
    """Opens a lobby and returns the game's number. `fund` pays proofs, `pot` is a prize, in wei."""
    receipt = owner.send(game.functions.createGame(tuple(terms[name] for name in DEMO_TERMS), pot), fund + pot)
    return int(game.events.GameCreated().process_receipt(receipt)[0]["args"]["game"])


def continue_demo(game: Contract, owner: Sender, house: Sender, deployment: Deployment) -> int | None:
    """Sees to it that the local demo has a game on, and the house a stake in it; returns a new game's number.

    Can be interrupted anywhere and called again. World and Leela take turns with the white pieces.
    """
    created = None
    number = int(game.functions.games().call())
    if number == 0 or state(game, number - 1) == "over":
        terms = {**DEMO_TERMS, "model": deployment.model, "book": deployment.book, "worldIsWhite": number % 2 == 0}
        created = number = create_game(game, owner, terms)
    else:
        number -= 1
    staked = game.functions.stakeOf(number, house.address).call()[1]
    if state(game, number) == "lobby" and staked == 0:
        house.send(game.functions.stake(number, 1, "0x" + "00" * 20), HOUSE_STAKE)
    return created


def state(game: Contract, number: int) -> str:
    """The name of a game's state."""
    return STATES[game.functions.summary(number).call()[0]]
