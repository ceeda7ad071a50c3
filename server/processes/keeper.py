"""The keeper: records the vault's hours and brings its network's decisions. Anyone may run one; it needs no Redis."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from web3.logs import DISCARD

from engine.dense import Network
from engine.rockefeller.hours import FEATURES, part
from engine.words import context_word
from server.chain import chains, deploy, proving
from server.chain.node import Unreachable
from server.chain.reverts import Refused
from server.chain.sender import Sender
from server.chain.vault import BOUNDARIES, NETWORK, Vault, check_network, check_verifier
from server.logline import line
from server.processes.prove import signer
from server.settings import Environment

if TYPE_CHECKING:
    from engine.prover import Prover

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0


@dataclass(frozen=True)
class Decision:
    """A decision that was sent. Amounts are the vault's: received (positive) and given (negative)."""

    hour: int
    bucket: int
    base: int
    quote: int
    reward: int
    gas: int
    seconds: float
    """What the proof took."""


class Keeper:
    """Serves one vault. `holds`: also decisions to hold are sent, which cost gas and earn nothing."""

    def __init__(
        self, vault: Vault, network: Network, prover: Prover, sender: Sender, payee: str, holds: bool = False
    ) -> None:
        self.vault, self.network, self.prover, self.sender = vault, network, prover, sender
        self.payee, self.holds = payee, holds
        self.settled: set[int] = set()
        """Hours that are recorded, or that the pool cannot tell any more."""
        self.looked = 0
        """The latest hour for which there is nothing left to do."""

    def record(self) -> list[Mapping[str, Any]]:
        """Records the boundaries that a decision needs and the pool still remembers; the receipts."""
        now, receipts = self.vault.hour(), []
        for hour in range(now - BOUNDARIES + 1, now + 1):
            if hour in self.settled:
                continue
            if self.vault.boundary(hour) is not None:
                self.settled.add(hour)
                continue
            try:
                receipts.append(self.sender.send(self.vault.contract.functions.record(hour)))
                log.info(line("hour_recorded", hour=hour, gas=receipts[-1]["gasUsed"]))
            except Refused as error:
                log.info(line("hour_not_recorded", hour=hour, reason=error))
                if "HourForgotten" in str(error):
                    self.settled.add(hour)
        return receipts

    def decide(self) -> Decision | None:
        """Proves and sends the decision of the present hour; None if there is nothing to send."""
        functions, hour = self.vault.contract.functions, self.vault.hour()
        if hour <= self.looked or functions.decidedHour().call() == hour:
            return None
        features = self.vault.features(hour)
        if features is None:
            self.settled.clear()  # looked at afresh: a reorganisation may have taken a record back
            return None
        bucket = int(self.network.classify(features[None])[0])
        if part(bucket) == 0 and not self.holds:
            self.looked = hour
            log.info(line("vault_holds", hour=hour, bucket=bucket))
            return None
        context = context_word(self.sender.chain_id, self.vault.address, hour, self.payee)
        proof = self.prover.prove(self.network.input(features), self.network.classes, context)
        call = functions.decide(hour, proof.index // 64, self.payee, proof.bitmap, proof.proof)
        try:
            receipt = self.sender.send(call)
        except Refused as error:  # another keeper was faster, or the hour is over
            log.info(line("decision_refused", hour=hour, reason=error))
            return None
        self.looked = hour
        args = self.vault.contract.events.Decided().process_receipt(receipt, DISCARD)[0]["args"]
        decision = Decision(
            hour, bucket, args["base"], args["quote"], args["reward"], int(receipt["gasUsed"]), proof.seconds
        )
        log.info(line("vault_decided", hour=hour, bucket=bucket, gas=decision.gas, seconds=decision.seconds))
        return decision

    def step(self) -> Decision | None:
        """What is due now."""
        self.record()
        return self.decide()

    def watch(self, stop: threading.Event) -> None:
        """Steps until `stop`; waits while the chain does not answer."""
        while True:
            try:
                self.step()
            except Unreachable as error:
                log.warning(line("chain_away", error=type(error).__name__))
            if stop.wait(POLL_SECONDS):
                return


def run(url: str | None, contract: str, payee: str | None, key: Path | None, holds: bool) -> None:
    """Keeps a vault until interrupted. Raises SettingsError for a vault that this checkout's prover cannot serve."""
    from engine.prover import Prover  # imported here: only who proves has the native code

    w3, address, _ = deploy.locate(url, contract)
    given: dict[str, Any] = {} if payee is None else {"payee": payee}
    env = Environment.read(chain_id=w3.eth.chain_id, **given)
    chains.check(env)
    payer = signer(env, key)
    vault, network = Vault(w3, address), Network.load(NETWORK, FEATURES)
    check_network(vault, network)
    prover = Prover(network, proving.setup_of(env), env.cache_dir / "prover")
    check_verifier(vault, prover, env.cache_dir)
    keeper = Keeper(vault, network, prover, Sender(w3, payer, "--key"), env.payee or payer.address, holds)
    log.info(line("keeper_ready", vault=address, payee=keeper.payee))
    keeper.watch(threading.Event())
