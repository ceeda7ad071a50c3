"""The vault as the server sees it: its contract, its hours as the network reads them; a local market for it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from hexbytes import HexBytes
from numpy.typing import NDArray
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import BadFunctionCallOutput, ContractLogicError

from engine.dense import Network
from engine.policy import NETWORKS
from engine.rockefeller.hours import FEATURES, HOUR, features
from server.chain.contracts import CONTRACTS, artifact, compile_verifier, is_code_of
from server.chain.node import Unreachable
from server.chain.sender import Sender
from server.settings import SettingsError

if TYPE_CHECKING:
    from engine.prover import Prover

NETWORK = NETWORKS / "rockefeller.safetensors"
"""The network that this checkout keeps vaults with."""
BOUNDARIES = FEATURES + 2
"""Boundaries of hours that a decision needs: of the 37 hours before it."""
POOL_FEE = 500
"""Of the local pool, in millionths."""
OBSERVATIONS = 400
"""Which the local pool remembers: two days of a market that moves every ten minutes."""
LIQUIDITY = 10**24
START_TICK = 78_000
"""Of the local market: a price of about 2,440."""


class Vault:
    """A vault at an address. Raises SettingsError if there is no code, or none of a vault."""

    def __init__(self, w3: Web3, address: str) -> None:
        self.w3 = w3
        self.contract: Contract = w3.eth.contract(Web3.to_checksum_address(address), abi=artifact("Rockefeller")["abi"])
        try:
            self.base = str(self.contract.functions.base().call())
            self.quote = str(self.contract.functions.quote().call())
            self.network_hash = bytes(self.contract.functions.networkHash().call())
        except (ContractLogicError, BadFunctionCallOutput) as error:
            raise SettingsError(f"--contract: {address} is no vault ({type(error).__name__})") from None
        except Unreachable as error:
            raise SettingsError(f"RPC_URL: no chain answers ({type(error).__name__})") from None
        self.base_is_token0 = int(self.base, 16) < int(self.quote, 16)

    @property
    def address(self) -> str:
        return str(self.contract.address)

    def hour(self) -> int:
        """The hour of the latest block."""
        return int(self.contract.functions.currentHour().call())

    def boundary(self, hour: int, block: int | str = "latest") -> int | None:
        """The pool's sum of ticks at the begin of an hour, as recorded; None if it is not."""
        known, tick_sum = self.contract.functions.boundary(hour).call(block_identifier=block)  # type: ignore[arg-type]
        return int(tick_sum) if known else None

    def features(self, hour: int, block: int | str = "latest") -> NDArray[np.int64] | None:
        """The network's input in an hour, computed here from the recorded boundaries; None if one is missing."""
        sums = [self.boundary(h, block) for h in range(hour - BOUNDARIES + 1, hour + 1)]
        known = [tick_sum for tick_sum in sums if tick_sum is not None]
        if len(known) < len(sums):
            return None
        return features(mean_ticks(known, self.base_is_token0))


def mean_ticks(sums: Sequence[int], base_is_token0: bool) -> list[int]:
    """Mean ticks [n - 1] of the base's price, from the pool's sums [n] at successive boundaries, rounded down."""
    sign = 1 if base_is_token0 else -1
    return [sign * (after - before) // HOUR for before, after in itertools.pairwise(sums)]


def check_network(vault: Vault, network: Network) -> None:
    """Raises SettingsError unless the vault names this network. Its verifier is what binds."""
    if vault.network_hash != network.hash:
        raise SettingsError(f"the vault obeys the network {vault.network_hash.hex()}, ours is {network.hash.hex()}")


def check_verifier(vault: Vault, prover: Prover, cache: Path) -> None:
    """Raises SettingsError unless the vault's verifier has the code that we make, and the vault this checkout's."""
    address = vault.contract.functions.verifier().call()
    code = bytes(vault.w3.eth.get_code(address))
    if code != bytes(HexBytes(compile_verifier(prover.verifier_source(), cache).runtime)):
        raise SettingsError(
            f"the verifier at {address} is not the one that this network and setup make: another setup (SETUP), "
            "another version of this program, or a dishonest deployer"
        )
    if not is_code_of("Rockefeller", bytes(vault.w3.eth.get_code(vault.contract.address))):
        raise SettingsError(f"the code at {vault.address} is not this checkout's vault")


@dataclass(frozen=True)
class LocalMarket:
    """A market on a local chain: Uniswap's own byte code, two worthless tokens, one who moves the price."""

    factory: str
    base: Contract
    quote: Contract
    market: Contract

    def push(self, tick: int) -> Any:
        """The call that trades until the base's price is 1.0001^tick."""
        return self.market.functions.push(tick if int(self.base.address, 16) < int(self.quote.address, 16) else -tick)


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
    market = local("LocalMarket", pool)
    made = LocalMarket(str(factory.address), base, quote, market)
    first = int(base.address, 16) < int(quote.address, 16)
    owner.send(market.functions.open(START_TICK if first else -START_TICK, LIQUIDITY, OBSERVATIONS))
    return made


def uniswap_artifact(name: str) -> dict[str, Any]:
    """ABI and byte code of a contract of Uniswap v3, as npm's @uniswap/v3-core has it. Raises SettingsError."""
    path = CONTRACTS / "node_modules/@uniswap/v3-core/artifacts/contracts" / f"{name}.sol" / f"{name}.json"
    try:
        made: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        raise SettingsError(f"{path} is missing or damaged; run `make setup`") from None
    return made


def deploy_vault(
    w3: Web3, owner: Sender, market: LocalMarket, verifier_code: str, sample: bytes, network_hash: bytes
) -> Vault:
    """Deploys the verifier and a vault on a local market; rewards are 10 basis points, at most 5 of the quote token.

    sample: public words and a proof of them, by which the vault tries the verifier.
    """
    made = artifact("Rockefeller")
    verifier = owner.send(w3.eth.contract(abi=[], bytecode=HexBytes(verifier_code)).constructor())["contractAddress"]
    terms = {
        "factory": market.factory,
        "base": market.base.address,
        "quote": market.quote.address,
        "fee": POOL_FEE,
        "verifier": verifier,
        "networkHash": network_hash,
        "rewardBasisPoints": 10,
        "rewardCap": 5 * 10**18,
    }
    contract = w3.eth.contract(abi=made["abi"], bytecode=HexBytes(made["bytecode"]["object"]))
    return Vault(w3, str(owner.send(contract.constructor(tuple(terms.values()), sample))["contractAddress"]))
