"""`proofmate open-vault`: deploys a vault on a pool that exists, with the owner's key. Afterwards it has no owner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import BadFunctionCallOutput, ContractLogicError

from server.chain import chains, deploy, proving
from server.chain.contracts import artifact, compile_verifier
from server.chain.node import Unreachable, connect
from server.chain.sender import Sender
from server.chain.signer import signer_of
from server.chain.vault import NETWORK, Vault, VaultTerms, deploy_vault, uniswap_artifact
from server.settings import LOCAL_CHAINS, Environment, SettingsError


@dataclass(frozen=True)
class Pool:
    """The Uniswap v3 pool that a vault trades on; `fee` is in millionths. The vault counts in `quote`."""

    factory: str
    base: str
    quote: str
    fee: int


def open_vault(pool: Pool, reward: int, cap: str, progress: Callable[[str], None]) -> tuple[Vault, int]:
    """Deploys the verifier and the vault; the vault, and the block it was deployed in.

    reward: of a trade's quote amount, in basis points, for who proves it. cap: the most of it, in whole quote tokens.
    Raises SettingsError for what the chain, the pool or the contract refuses.
    """
    env = Environment.read()
    w3 = connect(deploy.node_of(env))
    try:
        chain_id = w3.eth.chain_id
    except Unreachable as error:
        raise SettingsError(f"RPC_URL: no chain answers ({type(error).__name__})") from None
    chains.check(env, chain_id)
    if env.setup is None and chain_id not in LOCAL_CHAINS:
        raise SettingsError("SETUP: missing; with an insecure setup anyone can forge the network's decisions")
    signer = signer_of(env, "owner")
    if signer is None:
        raise SettingsError("OWNER_KEY: missing; it pays for the deployment")
    terms = terms_of(w3, pool, reward, cap)
    vault = deploy_vault(w3, Sender(w3, signer, "OWNER_KEY"), terms, *verifier_of(env, progress))
    return vault, int(w3.eth.block_number)


def verifier_of(env: Environment, progress: Callable[[str], None]) -> tuple[str, bytes, bytes]:
    """For `deploy_vault`: the verifier's creation code, a sample, and the network's hash. Raises SettingsError."""
    made = proving.verifier(env.model_copy(update={"network": NETWORK}), NETWORK, progress)
    code = compile_verifier(made.source, env.cache_dir).creation
    return code, bytes(HexBytes(made.sample)), bytes(HexBytes(made.network_hash))


def terms_of(w3: Web3, pool: Pool, reward: int, cap: str) -> VaultTerms:
    """The terms of a vault on a pool. Raises SettingsError if an address is none, or the factory has no such pool."""
    for name in ("factory", "base", "quote"):
        if not Web3.is_address(getattr(pool, name)):
            raise SettingsError(f"--{name}: {getattr(pool, name)!r} is not an address")
    factory, base, quote = (Web3.to_checksum_address(each) for each in (pool.factory, pool.base, pool.quote))
    known: Any = w3.eth.contract(factory, abi=uniswap_artifact("UniswapV3Factory")["abi"])
    token: Any = w3.eth.contract(quote, abi=artifact("IERC20Metadata")["abi"])
    try:
        found = known.functions.getPool(base, quote, pool.fee).call()
    except (ContractLogicError, BadFunctionCallOutput):
        raise SettingsError(f"--factory: {factory} is no factory of Uniswap v3") from None
    if int(found, 16) == 0:
        raise SettingsError(f"--fee: the factory has no pool of these tokens at {pool.fee} millionths")
    try:
        amount = Decimal(cap) * 10 ** int(token.functions.decimals().call())
    except (ContractLogicError, BadFunctionCallOutput):
        raise SettingsError(f"--quote: {quote} does not say its decimals") from None
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise SettingsError(f"--reward-cap: {cap!r} is no amount of the quote token")
    if not 0 <= reward <= 10:
        raise SettingsError(f"--reward: {reward} basis points; the contract takes 0 to 10")
    return VaultTerms(factory, base, quote, pool.fee, reward, int(amount))
