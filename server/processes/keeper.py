"""The keeper: records a vault's hours and brings its network's decisions to the chain.

Anyone may run one. `proofmate keep` proves itself and needs no Redis; the process `proofmate keeper` of a server leaves
the proofs to the server's workers.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis import Redis
from web3.logs import DISCARD

from engine.dense import Network
from engine.rockefeller.hours import FEATURES, part
from server.chain import chains, deploy
from server.chain.node import Unreachable, connect
from server.chain.reverts import Refused
from server.chain.sender import Reverted, Sender
from server.chain.signer import signer_of
from server.chain.vault import NETWORK, Vault, check_network, window
from server.logline import line
from server.model.vault import key_of_input
from server.processes.deciding import load
from server.processes.loop import run_loop, stop_signal
from server.processes.prove import signer
from server.settings import Environment, Settings, SettingsError
from server.store.connect import connect_redis
from server.store.jobs import Jobs
from server.store.lease import Lease
from server.store.names import Names
from server.store.records import StoredDecision

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0

Prove = Callable[[int, Sequence[int], str], StoredDecision | None]
"""Proves what the network says of an hour, from its features, for a payee. None: not yet."""


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
        self, vault: Vault, network: Network, sender: Sender, payee: str, prove: Prove, holds: bool = False
    ) -> None:
        self.vault, self.network, self.sender = vault, network, sender
        self.payee, self.prove, self.holds = payee, prove, holds
        self.settled: set[int] = set()
        """Hours that are recorded, or that the pool cannot tell any more."""
        self.looked = 0
        """The latest hour for which there is nothing left to do."""

    def record(self) -> list[Mapping[str, Any]]:
        """Records the boundaries that a decision needs and the pool still remembers; the receipts."""
        wanted, receipts = window(self.vault.hour()), []
        self.settled &= set(wanted)
        self.settled |= self.vault.boundaries([hour for hour in wanted if hour not in self.settled]).keys()
        for hour in [hour for hour in wanted if hour not in self.settled]:
            try:
                receipts.append(self.sender.send(self.vault.contract.functions.record(hour)))
                log.info(line("hour_recorded", hour=hour, gas=receipts[-1]["gasUsed"]))
            except (Refused, Reverted) as error:
                log.info(line("hour_not_recorded", hour=hour, reason=error))
                if "HourForgotten" in str(error):
                    self.settled.add(hour)
        return receipts

    def decide(self) -> Decision | None:
        """Sends the decision of the present hour once it is proven; None if there is nothing to send yet."""
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
        proven = self.prove(hour, features.tolist(), self.payee)
        if proven is None:
            return None
        bitmap, proof = [int(word, 16) for word in proven.bitmap], bytes.fromhex(proven.proof[2:])
        try:
            receipt = self.sender.send(functions.decide(hour, proven.bucket, proven.payee, bitmap, proof))
        except (Refused, Reverted) as error:  # another keeper was faster, or the hour is over
            log.info(line("decision_refused", hour=hour, reason=error))
            return None
        self.looked = hour
        args = self.vault.contract.events.Decided().process_receipt(receipt, DISCARD)[0]["args"]
        amounts = args["base"], args["quote"], args["reward"]
        decision = Decision(hour, bucket, *amounts, int(receipt["gasUsed"]), proven.seconds)
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


def keep(url: str | None, contract: str, payee: str | None, key: Path | None, holds: bool) -> None:
    """Keeps a vault until interrupted, without a server. Raises SettingsError for one that our prover cannot serve."""
    w3, address, _ = deploy.locate(url, contract)
    given: dict[str, Any] = {} if payee is None else {"payee": payee}
    env = Environment.read(chain_id=w3.eth.chain_id, **given)
    chains.check(env)
    payer = signer(env, key)
    decider = load(Vault(w3, address), env)
    earns = env.payee or payer.address
    keeper = Keeper(decider.vault, decider.network, Sender(w3, payer, "--key"), earns, decider.prove, holds)
    log.info(line("keeper_ready", vault=address, payee=earns))
    keeper.watch(threading.Event())


class Desk:
    """Where a keeper leaves what is to be proven, and finds the proofs: the server's queue and Redis."""

    def __init__(self, redis: Redis, jobs: Jobs, names: Names) -> None:
        self.redis, self.jobs, self.names = redis, jobs, names

    def prove(self, hour: int, features: Sequence[int], payee: str) -> StoredDecision | None:
        """The proof if a worker has made it; else sees to it that one does."""
        key = key_of_input(features)
        kept = StoredDecision.load(cast("str | None", self.redis.get(self.names.decision(hour, key))))
        if kept is None:
            self.jobs.ensure_decision(hour, key, features, payee)
        return kept


def run(settings: Settings) -> None:
    """Keeps the server's vault until SIGTERM or SIGINT. Raises SettingsError without VAULT or KEEPER_KEY.

    On a local chain also decisions to hold are sent, and nothing happens while nobody looks at the vault.
    """
    address, payer = settings.need("vault"), signer_of(Environment.read(), "keeper")
    if payer is None:
        raise SettingsError("KEEPER_KEY: missing; a private key that pays the gas of the vault's hours and decisions")
    os.environ.pop("KEEPER_KEY", None)
    redis, names = connect_redis(settings), Names.of(settings)
    w3 = connect(settings.rpc_url)
    vault, network = Vault(w3, address), Network.load(NETWORK, FEATURES)
    check_network(vault, network)
    desk = Desk(redis, Jobs(connect_redis(settings, text=False), names), names)
    earns = settings.payee or payer.address
    keeper = Keeper(vault, network, Sender(w3, payer, "KEEPER_KEY"), earns, desk.prove, holds=settings.local)
    lease, stop = Lease(redis, names.keeper), stop_signal()

    def step() -> bool:
        watched = not settings.local or bool(redis.exists(names.vault_visited))
        if watched and lease.hold():
            keeper.step()
        return False

    log.info(line("keeper_ready", vault=address, payee=earns))
    run_loop(step, redis, names.wake, 1.0 if settings.local else POLL_SECONDS, stop)
    lease.release()
