"""The numbers of a simulated game, and whether they are what the rules owe."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.checks.simulate.plan import FUND, POT, REWARD, TERMS, Wallet
from server.model.payout import Stake, payout
from server.settings import SettingsError


class SimulationError(SettingsError):
    """The game, or the vault, did not go as promised."""


def expect(condition: bool, complaint: str) -> None:
    """Raises SimulationError with the complaint unless the condition holds."""
    if not condition:
        raise SimulationError(complaint)


@dataclass(frozen=True)
class Played:
    """A game that is over and paid out. Amounts in wei."""

    seed: int
    wallets: Sequence[Wallet]
    document: Mapping[str, Any]
    """The game's last document, as the API answers it."""
    seconds: Sequence[float]
    """How long each move of the network took."""
    paid: int
    """What the contract paid in all."""
    dust: int
    """What is left in the contract."""


def report(played: Played, audited: Mapping[str, Any]) -> dict[str, Any]:
    """A game's numbers, amounts in wei as strings; `audited` is its audit's document. Raises SimulationError."""
    document, wallets, seconds = played.document, played.wallets, played.seconds
    expect(audited["ok"], f"the audit found: {'; '.join(audited['problems'] + audited['unchecked'])}")
    proven = [move for move in document["moves"] if move["proof"] is not None]
    network = [move for move in document["moves"] if move["by"] != "world"]
    expect(len(proven) == len(network) == audited["proofs"], "a move of the network is without its proof")

    stakes = {wallet.account.address: Stake(wallet.side, wallet.stake) for wallet in wallets}
    due = payout(document["outcome"], stakes, int(TERMS["maxOdds"]), int(TERMS["fee"]), POT)
    staked = sum(wallet.stake for wallet in wallets)
    to_stakers = sum(due.stakers.values()) + due.pot_returned
    rewards = len(proven) * REWARD
    expect(staked + POT == to_stakers + due.fee + played.dust, "staked + pot is not paid + fee + dust")
    expect(played.paid == to_stakers + due.fee + FUND, "what was claimed is not what is due")
    expect(played.dust <= len(wallets), f"{played.dust} wei of dust is more than one an account")
    return {
        "game": document["id"],
        "voters": len(wallets),
        "seats": sum(wallet.side == "world" for wallet in wallets),
        "seed": played.seed,
        "plies": document["ply"],
        "provenMoves": len(proven),
        "outcome": document["outcome"],
        "reason": document["reason"],
        "staked": str(staked),
        "pot": str(POT),
        "paid": str(to_stakers),
        "fee": str(due.fee),
        "dust": str(played.dust),
        "fund": str(FUND),
        "rewards": str(rewards),
        "fundReturned": str(FUND - rewards),
        "leelaSecondsMedian": round(statistics.median(seconds), 2) if seconds else None,
        "leelaSecondsWorst": round(max(seconds), 2) if seconds else None,
    }
