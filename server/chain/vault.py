"""The vault as the server sees it: its contract, its hours as the network reads them; a local market for it."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from hexbytes import HexBytes
from numpy.typing import NDArray
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BadFunctionCallOutput, ContractLogicError

from engine.dense import Network
from engine.policy import NETWORKS
from server.chain.contracts import CONTRACTS, artifact, check_verifier_code, is_code_of
from server.chain.logs import EventLog
from server.chain.node import Unreachable
from server.chain.sender import Sender
from server.model.vault import BOUNDARIES, features_of
from server.settings import LOCAL_CHAINS, SettingsError

if TYPE_CHECKING:
    from engine.prover import Prover

NETWORK = NETWORKS / "rockefeller.safetensors"
"""The network that this checkout keeps vaults with."""
POOL_FEE = 500
"""Of the local pool, in millionths."""
OBSERVATIONS = 400
"""Which the local pool remembers: two days of a market that moves every ten minutes."""
LIQUIDITY = 10**24
START_TICK = 78_000
"""Of the local market: a price of about 2,440."""


def vault_abi() -> list[dict[str, Any]]:
    """The vault's ABI."""
    return cast("list[dict[str, Any]]", artifact("Rockefeller")["abi"])


class Vault:
    """A vault at an address. Raises SettingsError if there is no code, or none of a vault."""

    def __init__(self, w3: Web3, address: str) -> None:
        self.w3 = w3
        self.contract: Contract = w3.eth.contract(Web3.to_checksum_address(address), abi=vault_abi())
        try:
            self.base = str(self.contract.functions.base().call())
            self.quote = str(self.contract.functions.quote().call())
            self.seconds = int(self.contract.functions.hourSeconds().call())
            self.network_hash = bytes(self.contract.functions.networkHash().call())
        except (ContractLogicError, BadFunctionCallOutput) as error:
            raise SettingsError(f"--contract: {address} is no vault ({type(error).__name__})") from None
        except Unreachable as error:
            raise SettingsError(f"RPC_URL: no chain answers ({type(error).__name__})") from None
        self.base_is_token0 = int(self.base, 16) < int(self.quote, 16)
        self.log = EventLog(w3, self.contract, lambda args: True, lambda name, args: name == "Decided")

    @property
    def address(self) -> str:
        return str(self.contract.address)

    def hour(self) -> int:
        """The hour of the latest block."""
        return int(self.contract.functions.currentHour().call())

    def boundaries(self, hours: Sequence[int], block: int | str = "latest") -> dict[int, int]:
        """The pool's sums of ticks at the begins of hours, as far as they are recorded, in one request."""
        if not hours:
            return {}
        with self.w3.batch_requests() as batch:
            for hour in hours:
                batch.add(self.contract.functions.boundary(hour).call(block_identifier=block))  # type: ignore[arg-type]
            answers = [cast("tuple[bool, int]", answer) for answer in batch.execute()]
        return {hour: tick_sum for hour, (known, tick_sum) in zip(hours, answers, strict=True) if known}

    def features(self, hour: int, block: int | str = "latest") -> NDArray[np.int64] | None:
        """The network's input in an hour, computed here from the recorded boundaries; None if one is missing."""
        found = self.boundaries(window(hour), block)
        if len(found) < BOUNDARIES:
            return None
        return features_of(found, hour, self.base_is_token0, self.seconds)


def window(hour: int) -> range:
    """The boundaries that a decision in an hour needs."""
    return range(hour - BOUNDARIES + 1, hour + 1)


def check_network(vault: Vault, network: Network) -> None:
    """Raises SettingsError unless the vault names this network. Its verifier is what binds."""
    if vault.network_hash != network.hash:
        raise SettingsError(f"the vault obeys the network {vault.network_hash.hex()}, ours is {network.hash.hex()}")


def check_verifier(vault: Vault, prover: Prover, cache: Path) -> None:
    """Raises SettingsError unless the vault's verifier has the code that we make, and the vault this checkout's."""
    address = vault.contract.functions.verifier().call()
    code = bytes(vault.w3.eth.get_code(address))
    check_verifier_code(address, code, prover.verifier_source(), cache, "deployer")
    kinds = ("Rockefeller", "LocalRockefeller") if vault.w3.eth.chain_id in LOCAL_CHAINS else ("Rockefeller",)
    found = bytes(vault.w3.eth.get_code(vault.contract.address))
    if not any(is_code_of(kind, found) for kind in kinds):
        raise SettingsError(f"the code at {vault.address} is not this checkout's vault")


@dataclass(frozen=True)
class LocalMarket:
    """A market on a local chain: Uniswap's own byte code, two worthless tokens, one who moves the price."""

    factory: str
    base: Contract
    quote: Contract
    market: Contract

    @classmethod
    def at(cls, w3: Web3, factory: str, base: str, quote: str, market: str) -> LocalMarket:
        """The market at these addresses."""

        def local(name: str, address: str) -> Contract:
            made: Contract = w3.eth.contract(cast(Any, address), abi=artifact(name)["abi"])
            return made

        return cls(factory, local("LocalCoin", base), local("LocalCoin", quote), local("LocalMarket", market))

    @functools.cached_property
    def pool(self) -> Contract:
        """The pool it trades on."""
        address = self.market.functions.pool().call()
        pool: Contract = self.market.w3.eth.contract(address, abi=uniswap_artifact("UniswapV3Pool")["abi"])
        return pool

    @property
    def _sign(self) -> int:
        return 1 if int(self.base.address, 16) < int(self.quote.address, 16) else -1

    def push(self, tick: int) -> Any:
        """The call that trades until the base's price is 1.0001^tick."""
        return self.market.functions.push(self._sign * tick)

    def tick(self) -> int:
        """Of the base's price now."""
        return self._sign * int(self.pool.functions.slot0().call()[1])


def deploy_market(w3: Web3, owner: Sender) -> LocalMarket:
    """Deploys factory, tokens and pool, at START_TICK."""

    def create(abi: Any, code: str, *arguments: Any) -> Any:
        receipt = owner.send(w3.eth.contract(abi=abi, bytecode=HexBytes(code)).constructor(*arguments))
        return w3.eth.contract(receipt["contractAddress"], abi=abi)

    def local(name: str, *arguments: Any) -> Any:
        made = artifact(name)
        return create(made["abi"], made["bytecode"]["object"], *arguments)

    uniswap = uniswap_artifact("UniswapV3Factory")
    factory = create(uniswap["abi"], uniswap["bytecode"])
    base, quote = local("LocalCoin", "Wrapped ether", "WETH"), local("LocalCoin", "Dollar", "USDC")
    owner.send(factory.functions.createPool(base.address, quote.address, POOL_FEE))
    pool = factory.functions.getPool(base.address, quote.address, POOL_FEE).call()
    made = LocalMarket(str(factory.address), base, quote, local("LocalMarket", pool))
    owner.send(made.market.functions.open(made._sign * START_TICK, LIQUIDITY, OBSERVATIONS))
    return made


def uniswap_artifact(name: str) -> dict[str, Any]:
    """ABI and byte code of a contract of Uniswap v3, as npm's @uniswap/v3-core has it. Raises SettingsError."""
    path = CONTRACTS / "node_modules/@uniswap/v3-core/artifacts/contracts" / f"{name}.sol" / f"{name}.json"
    try:
        made: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        raise SettingsError(f"{path} is missing or damaged; run `make setup`") from None
    return made


@dataclass(frozen=True)
class VaultTerms:
    """What is fixed when a vault is deployed (`Terms` in IRockefeller.sol), but for network and verifier.

    fee: the pool's, in millionths. reward_basis_points: of a trade's quote amount. reward_cap: in quote's least unit.
    """

    factory: str
    base: str
    quote: str
    fee: int
    reward_basis_points: int
    reward_cap: int

    @classmethod
    def local(cls, market: LocalMarket) -> VaultTerms:
        """Of a vault on a local market: rewards of 10 basis points, at most 5 of the quote token."""
        return cls(market.factory, str(market.base.address), str(market.quote.address), POOL_FEE, 10, 5 * 10**18)


def deploy_vault(
    w3: Web3,
    owner: Sender,
    terms: VaultTerms,
    verifier_code: str,
    sample: bytes,
    network_hash: bytes,
    kind: str = "Rockefeller",
) -> Vault:
    """Deploys the verifier and a vault.

    sample: public words and a proof of them, by which the vault tries the verifier. kind: the contract's name.
    """
    made = artifact(kind)
    verifier = owner.send(w3.eth.contract(abi=[], bytecode=HexBytes(verifier_code)).constructor())["contractAddress"]
    named = {
        "factory": terms.factory,
        "base": terms.base,
        "quote": terms.quote,
        "fee": terms.fee,
        "verifier": verifier,
        "networkHash": network_hash,
        "rewardBasisPoints": terms.reward_basis_points,
        "rewardCap": terms.reward_cap,
    }
    constructor = next(entry for entry in made["abi"] if entry["type"] == "constructor")  # it takes tuples only
    values = tuple(named[field["name"]] for field in constructor["inputs"][0]["components"])
    contract = w3.eth.contract(abi=made["abi"], bytecode=HexBytes(made["bytecode"]["object"]))
    return Vault(w3, str(owner.send(contract.constructor(values, sample))["contractAddress"]))
