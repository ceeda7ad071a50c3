"""Proofs of a vault's decisions: the job that a worker does while no game waits for a proof.

The prover is loaded with the first job; it is small (2^14 rows). A proof that is under way gives way to a game's: it is
cancelled at its next step, and the keeper asks for it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis import Redis
from rq import Queue

from engine.dense import Network
from engine.proof import Progress, Proof, ProofCancelled
from engine.rockefeller.hours import FEATURES
from engine.words import context_word
from server.chain import proving
from server.chain.node import connect
from server.chain.vault import NETWORK, Vault, check_network, check_verifier
from server.logline import line
from server.model.vault import key_of_input
from server.settings import Environment, Settings
from server.store.names import Names
from server.store.records import KEPT_SECONDS, DecisionProgress, StoredDecision

if TYPE_CHECKING:
    from engine.prover import Prover

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 60
"""How long a report of a proof's progress stays."""


@dataclass
class Decider:
    """The vault, its network, and what proves for it."""

    vault: Vault
    network: Network
    prover: Prover
    chain_id: int

    def prove(
        self,
        hour: int,
        features: Sequence[int],
        payee: str,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> StoredDecision:
        """Proves what the network says of an hour. Raises ProofCancelled."""
        context = context_word(self.chain_id, self.vault.address, hour, payee)
        proof = self.prover.prove(self.network.input(features), self.network.classes, context, progress, cancelled)
        return stored(proof, payee)


def stored(proof: Proof, payee: str) -> StoredDecision:
    return StoredDecision(
        bucket=proof.index // 64,
        bitmap=tuple(f"0x{word:x}" for word in proof.bitmap),
        proof="0x" + proof.proof.hex(),
        payee=payee,
        seconds=proof.seconds,
    )


@dataclass
class Tools:
    """What the jobs of a worker process need. `decider` is made with the first."""

    settings: Settings
    redis: Redis
    names: Names
    games: Queue
    """The jobs that go before."""
    stopping: Callable[[], bool]
    decider: Decider | None = None

    def ready(self) -> Decider:
        """Loads the prover once. Raises SettingsError for a vault that this checkout's prover cannot serve."""
        if self.decider is None:
            vault = Vault(connect(self.settings.rpc_url), self.settings.need("vault"))
            self.decider = load(vault, self.settings)
        return self.decider


def load(vault: Vault, settings: Settings | Environment) -> Decider:
    """What proves for a vault. Raises SettingsError unless network and verifier are ours."""
    from engine.prover import Prover  # imported here: only who proves has the native code

    network = Network.load(NETWORK, FEATURES)
    check_network(vault, network)
    prover = Prover(network, proving.setup_of(settings), settings.cache_dir / "prover")
    check_verifier(vault, prover, settings.cache_dir)
    return Decider(vault, network, prover, vault.w3.eth.chain_id)


tools: Tools | None = None
"""The tools of this worker process."""


def decide(hour: int, features: list[int], payee: str) -> None:
    """The job: proves the decision of an hour and keeps the proof for the keeper."""
    assert tools is not None, "not in a worker that serves a vault"
    redis, names = tools.redis, tools.names
    decider = tools.ready()

    def report(step: str, fraction: float) -> None:
        told = DecisionProgress(hour=hour, step=step, fraction=fraction)
        redis.set(names.vault_progress, told.dump(), ex=PROGRESS_SECONDS)

    def gives_way() -> bool:
        assert tools is not None
        return tools.stopping() or len(tools.games) > 0

    try:
        kept = decider.prove(hour, features, payee, report, gives_way)
    except ProofCancelled:
        if tools.stopping():
            raise  # the job goes back to the queue
        log.info(line("decision_gives_way", hour=hour))
        return
    redis.set(names.decision(hour, key_of_input(features)), kept.dump(), ex=KEPT_SECONDS)
    redis.publish(names.wake, "decision")
    log.info(line("decision_proven", hour=hour, bucket=kept.bucket, seconds=kept.seconds))
