"""`proofmate simulate vault`: a chain, Uniswap's pool, a market of many hours, a vault whose trades are all proven."""

from __future__ import annotations

import collections
import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from eth_account import Account
from web3 import Web3
from web3.logs import DISCARD

from engine.console import Bar
from engine.dense import Network
from engine.prover import Prover
from engine.rockefeller.hours import BUCKETS, FEATURES, HOUR, part
from engine.rockefeller.market import STEPS, Market
from engine.setup import Setup
from server.chain.contracts import compile_verifier
from server.chain.node import connect
from server.chain.sender import Sender
from server.chain.signer import KeySigner
from server.chain.vault import NETWORK, LocalMarket, Vault, VaultTerms, deploy_market, deploy_vault
from server.checks.audit.node import Node
from server.checks.simulate.report import SimulationError
from server.checks.vault import evidence
from server.checks.vault.audit import audit
from server.checks.vault.fetch import fetch
from server.local.anvil import anvil
from server.local.children import Child, stop
from server.local.probe import rpc, rpc_answers, unused_port
from server.model.vault import BOUNDARIES
from server.processes.deciding import Decider
from server.processes.keeper import Decision, Keeper
from server.settings import Environment, SettingsError

ETHER = 10**18
FIRST = (100 * ETHER, 244_000 * ETHER)
"""Of the first deposit: base and quote."""
DEPOSITORS = 5


@dataclass
class Holder:
    """An account with shares."""

    sender: Sender
    brought: list[int] = field(default_factory=lambda: [0, 0])
    got: list[int] = field(default_factory=lambda: [0, 0])
    shares: int = 0


@contextlib.contextmanager
def local_chain() -> Iterator[str]:
    """An anvil of its own; yields its address."""
    folder = Path(tempfile.mkdtemp(prefix="proofmate-vault-"))
    port = unused_port()
    command = [str(anvil()), "--host", "127.0.0.1", "--port", str(port), "--chain-id", "31337", "--accounts", "0"]
    child = Child("chain", [*command, "--hardfork", "osaka", "--enable-tx-gas-limit", "--quiet"], folder / "chain.log")
    url = f"http://127.0.0.1:{port}"
    child.start()
    try:
        child.await_ready(lambda: rpc_answers(url), 60)
        yield url
    finally:
        stop([child], 5)


class Simulation:
    """One vault on one market. Every number in it follows from the seed."""

    def __init__(self, url: str, hours: int, seed: int, file: Path = NETWORK) -> None:
        self.url, self.hours, self.seed = url, hours, seed
        env = Environment.read()
        self.w3: Web3 = connect(url)
        self.network = Network.load(file, FEATURES)
        self.prover = Prover(self.network, Setup.from_seed(0), env.cache_dir / "prover")
        self.ticks = Market.simulated(seed, BOUNDARIES + hours).ticks
        self.owner, self.keeper_key = self.sender("owner"), self.sender("keeper")
        self.generator = np.random.default_rng(seed)
        self.start = (int(self.w3.eth.get_block("latest")["timestamp"]) // HOUR + 2) * HOUR
        self.at(self.start - 600)
        self.market: LocalMarket = deploy_market(self.w3, self.owner)
        sample = self.prover.prove(self.network.input([0] * FEATURES), self.network.classes, 0)
        words = b"".join(word.to_bytes(32, "big") for word in sample.words)
        verifier = compile_verifier(self.prover.verifier_source(), env.cache_dir).creation
        self.vault: Vault = deploy_vault(
            self.w3, self.owner, VaultTerms.local(self.market), verifier, words + sample.proof, self.network.hash
        )
        self.holders = [Holder(self.sender(f"holder {n}")) for n in range(DEPOSITORS)]
        self.decisions: list[Decision] = []
        self.gas: dict[str, list[int]] = collections.defaultdict(list)

    def keeper(self, holds: bool = False) -> Keeper:
        """One that proves for itself."""
        decider = Decider(self.vault, self.network, self.prover, self.w3.eth.chain_id)
        return Keeper(self.vault, self.network, self.keeper_key, self.keeper_key.address, decider.prove, holds)

    def sender(self, name: str) -> Sender:
        """A wallet of its own, rich in gas."""
        key = Web3.keccak(text=f"{self.seed} {name}").to_0x_hex()
        rpc(self.url, "anvil_setBalance", Account.from_key(key).address, hex(1000 * ETHER))
        return Sender(self.w3, KeySigner(key), name)

    def at(self, moment: int) -> None:
        """The time of the next block, Unix seconds."""
        rpc(self.url, "evm_setNextBlockTimestamp", moment)

    def run(self) -> dict[str, Any]:
        """The whole course; returns its figures. Raises SimulationError."""
        keeper = self.keeper()
        with Bar("simulate vault", len(self.ticks), "hours") as bar:
            for n, ticks in enumerate(self.ticks):
                moment = self.start + n * HOUR
                # Before the vault can decide, the price moves once an hour: that is all its window needs.
                for step, tick in enumerate(ticks.tolist() if n >= BOUNDARIES - 1 else ticks[:1].tolist()):
                    self.at(moment + 1 + step * HOUR // STEPS)
                    self.owner.send(self.market.push(tick))
                    if step == 0:
                        self._hour(keeper, n, moment)
                bar.advance(1)
        self.at(self.start + len(self.ticks) * HOUR + 10)
        for holder in self.holders:
            self._redeem(holder, holder.shares)
        return self._figures()

    def _hour(self, keeper: Keeper, n: int, moment: int) -> None:
        """The begin of an hour: its boundary is recorded, people come and go, the network decides."""
        self.at(moment + 20)
        receipts = keeper.record()
        self.gas["record"] += [int(receipt["gasUsed"]) for receipt in receipts]
        if n == BOUNDARIES - 1:
            self._first_deposit()
        elif n >= BOUNDARIES and self.generator.random() < 0.2:
            holder = self.holders[int(self.generator.integers(len(self.holders)))]
            self.at(moment + 40)
            if holder.shares and self.generator.random() < 0.4:
                self._redeem(holder, holder.shares // 2)
            else:
                self._deposit(holder, int(self.generator.integers(1, 200_000)) * ETHER)
        if n < BOUNDARIES:
            return
        hour = self.vault.hour()
        ours, theirs = self.vault.features(hour), self.vault.contract.functions.features(hour).call()
        if ours is None or ours.tolist() != theirs:
            raise SimulationError(f"hour {hour}: the contract's features {theirs} are not ours {ours}")
        self.at(moment + 90)
        decision = keeper.decide()
        if decision is not None:
            self.decisions.append(decision)
            self.gas["decide"].append(decision.gas)
        elif part(int(self.network.classify(ours[None])[0])):
            raise SimulationError(f"hour {hour}: the network trades and nothing was decided")

    def _first_deposit(self) -> None:
        self._fund(self.holders[0], *FIRST)
        self._deposit(self.holders[0], 0, FIRST)

    def _fund(self, holder: Holder, base: int, quote: int) -> None:
        most = 2**256 - 1
        for token, amount in ((self.market.base, base), (self.market.quote, quote)):
            self.owner.send(token.functions.mint(holder.sender.address, amount))
            holder.sender.send(token.functions.approve(self.vault.address, most))

    def _deposit(self, holder: Holder, shares: int, most: tuple[int, int] | None = None) -> None:
        functions = self.vault.contract.functions
        if most is None:
            supply, held = functions.totalSupply().call(), functions.holdings().call()
            most = (held[0] * shares // supply + 1, held[1] * shares // supply + 1)
            self._fund(holder, *most)
        call = functions.deposit(shares, *most, holder.sender.address)
        receipt = holder.sender.send(call)
        args = self.vault.contract.events.Deposited().process_receipt(receipt, DISCARD)[0]["args"]
        holder.brought = [holder.brought[0] + args["base"], holder.brought[1] + args["quote"]]
        holder.shares += args["shares"]
        self.gas["deposit"].append(int(receipt["gasUsed"]))

    def _redeem(self, holder: Holder, shares: int) -> None:
        if not shares:
            return
        receipt = holder.sender.send(self.vault.contract.functions.redeem(shares, holder.sender.address))
        for n, token in enumerate((self.market.base, self.market.quote)):
            paid = token.events.Transfer().process_receipt(receipt, DISCARD)
            holder.got[n] += sum(event["args"]["value"] for event in paid if event["address"] == token.address)
        holder.shares -= shares
        self.gas["redeem"].append(int(receipt["gasUsed"]))

    def _figures(self) -> dict[str, Any]:
        functions = self.vault.contract.functions
        brought = [sum(holder.brought[n] for holder in self.holders) for n in (0, 1)]
        got = [sum(holder.got[n] for holder in self.holders) for n in (0, 1)]
        traded = [sum(d.base for d in self.decisions), sum(d.quote for d in self.decisions)]
        rewards = sum(decision.reward for decision in self.decisions)
        left = functions.holdings().call()
        lost = [brought[0] + traded[0] - got[0], brought[1] + traded[1] - rewards - got[1]]
        rounding = len(self.gas["redeem"]) + len(self.gas["deposit"])
        if lost != list(left) or max(lost) > rounding or functions.totalSupply().call():
            raise SimulationError(f"after all redemptions {lost} is missing, and the vault says that it holds {left}")
        owed = functions.owed(self.keeper_key.address, self.vault.quote).call()
        if owed != rewards:
            raise SimulationError(f"the keeper is owed {owed}, but its rewards were {rewards}")
        record = fetch([Node(self.w3)], self.vault.address)
        audited = audit(evidence.check(record), self.network, self.prover.verify)
        price = 1.0001 ** int(self.ticks[-1][-1])
        seconds = [decision.seconds for decision in self.decisions]
        counts = collections.Counter(decision.bucket for decision in self.decisions)
        return {
            "hours": self.hours,
            "seed": self.seed,
            "trades": len(self.decisions),
            "holds": self.hours - len(self.decisions),
            "buckets": [counts[bucket] for bucket in range(BUCKETS)],
            "deposits": len(self.gas["deposit"]),
            "redemptions": len(self.gas["redeem"]),
            "brought": [str(amount) for amount in brought],
            "redeemed": [str(amount) for amount in got],
            "lost_to_rounding": [str(amount) for amount in lost],
            "rewards": str(rewards),
            "trading_gain_in_quote": round((traded[0] * price + traded[1] - rewards) / ETHER, 4),
            "gas": {name: round(statistics.median(values)) for name, values in self.gas.items() if values},
            "proof_seconds": round(statistics.median(seconds), 2) if seconds else None,
            "audit": audited,
        }


def simulate_vault(hours: int, seed: int, file: Path = NETWORK) -> dict[str, Any]:
    """Runs a simulation on a chain of its own; returns its figures, amounts as strings in the tokens' smallest unit.

    Raises SimulationError if something does not come out as it must.
    """
    if not 1 <= hours <= 5000:
        raise SettingsError(f"--hours: {hours} is not between 1 and 5000")
    if not 0 <= seed < 1 << 32:
        raise SettingsError(f"--seed: {seed} is not between 0 and 2^32 - 1")
    began = time.perf_counter()
    with local_chain() as url:
        figures = Simulation(url, hours, seed, file).run()
    return figures | {"seconds": round(time.perf_counter() - began, 1)}
