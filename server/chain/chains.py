"""The chains that were studied for a game: what differs among them, and the periods that follow from it.

docs/chains.md gives the reasons and the sources. On another chain nothing starts unless UNLISTED_CHAIN says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.settings import LOCAL_CHAINS, Environment, Settings, SettingsError

HOUR, DAY = 3600, 24 * 3600


@dataclass(frozen=True)
class Chain:
    """A chain. `transaction_gas` is what one transaction may use at most; periods are in seconds."""

    chain_id: int
    name: str
    family: str  # ethereum, op, arbitrum, local
    own_block_numbers: bool  # block.number is the number of the block itself, and blockhash its hash
    transaction_gas: int
    forced_inclusion: int  # how long a sequencer can delay a transaction that is sent through L1; 0: no sequencer

    @property
    def voting_period(self) -> int:
        """The least default for votingPeriod: a ballot sent through L1 when the vote opens still counts."""
        return 2 * self.forced_inclusion

    @property
    def proving_period(self) -> int:
        """The least default for provingPeriod: a proof survives an outage of the sequencer of two days."""
        return 3 * DAY if self.forced_inclusion else 0

    def terms(self, terms: Mapping[str, int | bool]) -> dict[str, int | bool]:
        """Default terms, with periods that are long enough for this chain."""
        least = {"votingPeriod": self.voting_period, "provingPeriod": self.proving_period}
        return {name: max(value, least.get(name, value)) for name, value in terms.items()}


def _ethereum(chain_id: int, name: str) -> Chain:
    return Chain(chain_id, name, "ethereum", True, 2**24, 0)


def _op(chain_id: int, name: str) -> Chain:
    return Chain(chain_id, name, "op", True, 2**24, 12 * HOUR)


def _arbitrum(chain_id: int, name: str) -> Chain:
    return Chain(chain_id, name, "arbitrum", False, 32_000_000, 24 * HOUR)


CHAINS: Mapping[int, Chain] = {
    chain.chain_id: chain
    for chain in (
        _ethereum(1, "Ethereum"),
        _ethereum(11155111, "Sepolia"),
        _ethereum(560048, "Hoodi"),
        _op(10, "OP Mainnet"),
        _op(11155420, "OP Sepolia"),
        _op(8453, "Base"),
        _op(84532, "Base Sepolia"),
        _arbitrum(42161, "Arbitrum One"),
        _arbitrum(421614, "Arbitrum Sepolia"),
        *(Chain(chain_id, "a local chain", "local", True, 30_000_000, 0) for chain_id in LOCAL_CHAINS),
    )
}


def find(chain_id: int) -> Chain | None:
    """A chain of the list."""
    return CHAINS.get(chain_id)


def check(settings: Environment | Settings, chain_id: int | None = None) -> Chain | None:
    """The settings' chain; None if it is not in the list and UNLISTED_CHAIN allows that. Raises SettingsError."""
    number = settings.chain_id if chain_id is None else chain_id
    chain = find(number)
    if chain is None and not settings.unlisted_chain:
        known = ", ".join(f"{chain.name} ({chain.chain_id})" for chain in CHAINS.values() if chain.family != "local")
        raise SettingsError(
            f"CHAIN_ID: chain {number} is not on the list; listed are {known}. "
            "Read docs/chains.md, and set UNLISTED_CHAIN=1 to use it all the same"
        )
    return chain
