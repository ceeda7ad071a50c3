"""The local demo's vault: its market on Uniswap's own byte code, and who trades there.

A new chain begins some minutes in the past, and the market is opened there, so that the vault has its 37 hours of
prices at once: its hours are short (`LocalRockefeller`). Afterwards the price moves while somebody looks at the vault.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from web3 import Web3

from engine.rockefeller.market import STEPS, Market
from server.chain import proving
from server.chain import vault as chain_vault
from server.chain.contracts import artifact
from server.chain.open_vault import verifier_of
from server.chain.sender import Sender
from server.chain.vault import NETWORK, START_TICK, LocalMarket, VaultTerms, deploy_market
from server.files import read_record, write_json
from server.local.probe import rpc
from server.model.vault import BOUNDARIES
from server.settings import Environment

KIND = "LocalRockefeller"
HOUR_SECONDS = 20
"""Of that contract."""
HISTORY_SECONDS = (BOUNDARIES + 2) * HOUR_SECONDS
"""How far in the past a new chain begins."""
PUSH_SECONDS = 4.0
"""Time between two trades of the market."""
PUSH_GAS = 1_000_000
"""More than enough for a trade in the history."""
FIRST_BASE, FIRST_QUOTE = 100 * 10**18, 244_000 * 10**18
"""What the owner deposits first."""
COURSE = Market.simulated(1, 1000).ticks.reshape(-1)
"""The price's course, STEPS an hour, over and over."""


@dataclass(frozen=True)
class VaultDeployment:
    """What was deployed: `vault.json` in the data folder."""

    chainId: int  # noqa: N815  (the names of the JSON file)
    vault: str
    block: int
    factory: str
    base: str
    quote: str
    market: str
    made: str
    """Of which contracts, network and setup."""

    @classmethod
    def load(cls, data_dir: Path) -> VaultDeployment | None:
        """The data folder's; None if there is none. Raises SettingsError for a damaged file."""
        return read_record(data_dir / "vault.json", cls)

    def save(self, data_dir: Path) -> None:
        """Writes it into the data folder, whole or not at all."""
        write_json(data_dir / "vault.json", asdict(self))


def identity(env: Environment) -> str:
    """Names the contracts, the network and the setup of a vault that this checkout deploys and proves for."""
    codes = [artifact(name)["bytecode"]["object"] for name in (KIND, "LocalMarket", "LocalCoin")]
    setup = (env.setup and env.setup_hash) or "insecure"
    return Web3.keccak(text="".join((*codes, proving.hash_of(NETWORK), setup))).to_0x_hex()


def deploy_vault(env: Environment, w3: Web3, owner: Sender, progress: Callable[[str], None]) -> VaultDeployment:
    """Deploys market and vault, with a history if the chain's last block leaves room for one. Raises SettingsError."""
    verifier = verifier_of(env, progress)
    now, begun = int(time.time()), _time(w3)
    past = begun + HISTORY_SECONDS - 2 * HOUR_SECONDS < now
    if past:
        rpc(_url(env), "evm_setTime", begun + 1)
    market = deploy_market(w3, owner)
    if past:
        _history(env, w3, owner, market, now)
        rpc(_url(env), "evm_setTime", int(time.time()))
    vault = chain_vault.deploy_vault(w3, owner, VaultTerms.local(market), *verifier, KIND)
    for token, amount in ((market.base, FIRST_BASE), (market.quote, FIRST_QUOTE)):
        owner.send(token.functions.mint(owner.address, amount))
        owner.send(token.functions.approve(vault.address, amount))
    receipt = owner.send(vault.contract.functions.deposit(0, FIRST_BASE, FIRST_QUOTE, owner.address))
    return VaultDeployment(
        chainId=env.chain_id,
        vault=vault.address,
        block=int(receipt["blockNumber"]),
        factory=market.factory,
        base=str(market.base.address),
        quote=str(market.quote.address),
        market=str(market.market.address),
        made=identity(env),
    )


def _history(env: Environment, w3: Web3, owner: Sender, market: LocalMarket, now: int) -> None:
    """A price an hour from the newest block to now: that is all that the vault's window needs."""
    fees = owner.fees()  # of a chain on which nothing else happens: they only fall
    for n, moment in enumerate(range(_time(w3) + HOUR_SECONDS // 2, now, HOUR_SECONDS)):
        rpc(_url(env), "evm_setNextBlockTimestamp", moment)
        tick = START_TICK + int(COURSE[STEPS * n] - COURSE[0])
        owner.send_draft(owner.draft(market.push(tick), gas=PUSH_GAS), fees)


def _url(env: Environment) -> str:
    return f"http://127.0.0.1:{env.chain_port}"


def _time(w3: Web3) -> int:
    """The newest block's."""
    return int(w3.eth.get_block("latest")["timestamp"])


class Trader:
    """Moves the market's price as `COURSE` does, with a pull to where it began."""

    def __init__(self, market: LocalMarket, owner: Sender) -> None:
        self.market, self.owner = market, owner
        self.step = 0
        """Of the course, at the last trade."""
        self.watched: Callable[[], bool] = lambda: False
        """Whether somebody looks at the vault."""

    @classmethod
    def of(cls, deployment: VaultDeployment, w3: Web3, owner: Sender) -> Trader:
        return cls(LocalMarket.at(w3, deployment.factory, deployment.base, deployment.quote, deployment.market), owner)

    def tick(self, now: float) -> None:
        """Trades if it is time, and somebody looks."""
        if now - self.step * HOUR_SECONDS / STEPS >= PUSH_SECONDS and self.watched():
            self.trade(now)

    def trade(self, now: float) -> None:
        """Trades once. What the course did since the last trade is made up for, if that was not long ago."""
        step = int(now * STEPS / HOUR_SECONDS)
        before = max(self.step, step - STEPS)
        move = int(COURSE[step % len(COURSE)] - COURSE[before % len(COURSE)])
        self.step = step
        tick = self.market.tick()
        if abs(move) > 1000:  # the course begins again
            move = 0
        self.owner.send(self.market.push(tick + move + (START_TICK - tick) // 100))
