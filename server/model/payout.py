"""Who is owed what when a game is over, in integers, as the contract computes it (`contracts/src/Pool.sol`).

With winners' pool A, losers' pool B and at most m times the stake to win, b = min(B, m A) is shared among the winners:

    winner   s + s (b - fee + prize) / A      prize: the pot, if the World won
    loser    s (B - b) / B
    creator  fee, the pot if it was not won, and what is left of the fund

Divisions round down, so up to one wei an account stays behind: dust.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stake:
    """What an account staked, in wei."""

    side: str  # world or leela
    amount: int


@dataclass(frozen=True)
class Payout:
    """What a finished game pays, in wei. `stakers` by account; the pot is in `stakers` or in `pot_returned`."""

    stakers: dict[str, int]
    fee: int
    pot_returned: int
    dust: int


def payout(outcome: str, stakes: Mapping[str, Stake], max_odds: int, fee: int, pot: int) -> Payout:
    """What each staker gets, and the creator. `outcome` is world, leela, draw or void; `fee` is in basis points."""
    total = sum(stake.amount for stake in stakes.values())
    if outcome not in ("world", "leela"):
        return Payout({account: stake.amount for account, stake in stakes.items()}, 0, pot, 0)
    winners = sum(stake.amount for stake in stakes.values() if stake.side == outcome)
    losers = total - winners
    shared = min(losers, max_odds * winners)
    cut = shared * fee // 10_000
    prize = pot if outcome == "world" else 0
    stakers = {
        account: stake.amount + stake.amount * (shared - cut + prize) // winners
        if stake.side == outcome
        else stake.amount * (losers - shared) // losers
        for account, stake in stakes.items()
    }
    return Payout(stakers, cut, pot - prize, total + prize - cut - sum(stakers.values()))
