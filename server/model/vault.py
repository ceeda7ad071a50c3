"""A vault as its events tell it, and the network's view of its hours."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.dense import Network
from engine.rockefeller.hours import FEATURES, HOUR, features
from server.model.frozen import Frozen, Signed, Wei
from server.model.game import Event

BOUNDARIES = FEATURES + 2
"""Boundaries of hours that a decision needs: of the 37 hours before it."""
KEPT_BOUNDARIES = 240
"""The newest that the document holds: ten days on a real chain, with the windows of 200 hours among them."""
KEPT_DECISIONS = 100


class Decision(Frozen):
    """A decision that the contract obeyed. Amounts are the vault's, in the tokens' smallest units."""

    hour: int
    bucket: int
    """The network's class: 0 sells most, 4 to 7 hold, 11 buys most."""
    payee: str
    base: Signed
    """Received (positive) or given (negative)."""
    quote: Signed
    reward: Wei
    tx: str
    block: int
    time: int
    """Unix seconds of its block."""
    gas: int


class VaultState(Frozen):
    """A vault as of its newest event."""

    address: str
    block: int = 0
    """Of that event."""
    base: Wei = 0
    """Held, in the token's smallest unit."""
    quote: Wei = 0
    shares: Wei = 0
    deposits: int = 0
    redemptions: int = 0
    decided: int = 0
    """Decisions so far."""
    boundaries: tuple[tuple[int, int], ...] = ()
    """The newest boundaries: hour and the pool's sum of ticks, by hour."""
    decisions: tuple[Decision, ...] = ()
    """The newest decisions, the last one last."""


def apply(state: VaultState, event: Event) -> VaultState:
    """The vault after an event of it."""
    args, changes = event.args, {"block": event.block}
    if event.name == "HourRecorded":
        known = {**dict(state.boundaries), args["hour"]: args["tickCumulative"]}
        newest = tuple(sorted(known.items())[-KEPT_BOUNDARIES:])
        return state.model_copy(update={**changes, "boundaries": newest})
    if event.name == "Deposited":
        changes |= {"deposits": state.deposits + 1, "shares": state.shares + args["shares"]}
        changes |= {"base": state.base + args["base"], "quote": state.quote + args["quote"]}
    elif event.name == "Redeemed":
        changes |= {"redemptions": state.redemptions + 1, "shares": state.shares - args["shares"]}
        changes |= {"base": state.base - args["base"], "quote": state.quote - args["quote"]}
    elif event.name == "Decided":
        decision = Decision(
            **{name: args[name] for name in ("hour", "bucket", "payee", "base", "quote", "reward")},
            tx=event.tx,
            block=event.block,
            time=event.time,
            gas=event.gas,
        )
        changes |= {"base": state.base + args["base"], "quote": state.quote + args["quote"] - args["reward"]}
        kept = (*state.decisions, decision)[-KEPT_DECISIONS:]
        return state.model_copy(update={**changes, "decided": state.decided + 1, "decisions": kept})
    else:
        return state  # of its shares, and of rewards that were paid
    return state.model_copy(update=changes)


def mean_ticks(sums: Sequence[int], base_is_token0: bool, seconds: int = HOUR) -> list[int]:
    """Mean ticks [n - 1] of the base's price, from the pool's sums [n] at boundaries so far apart, rounded down."""
    sign = 1 if base_is_token0 else -1
    return [sign * (after - before) // seconds for before, after in itertools.pairwise(sums)]


class HourView(Frozen):
    """An hour as the network sees it at its begin, and its price."""

    hour: int
    tick: int | None
    """Mean tick of the base's price in it: 1.0001^tick in smallest units. Null: it is not over, or was not recorded."""
    bucket: int | None
    """What the network says of it. Null: it lacks one of the 37 hours before."""


def hour_views(
    boundaries: Mapping[int, int], network: Network, base_is_token0: bool, seconds: int, now: int, count: int
) -> list[HourView]:
    """The last `count` hours up to the hour `now`, with the network's view of each."""
    hours = range(now - count + 1, now + 1)
    whole = [hour for hour in hours if all(hour - n in boundaries for n in range(BOUNDARIES))]
    buckets: dict[int, int] = {}
    if whole:
        inputs = np.stack([features_of(boundaries, hour, base_is_token0, seconds) for hour in whole])
        buckets = dict(zip(whole, map(int, network.classify(inputs)), strict=True))

    def tick(hour: int) -> int | None:
        if hour not in boundaries or hour + 1 not in boundaries:
            return None
        return mean_ticks([boundaries[hour], boundaries[hour + 1]], base_is_token0, seconds)[0]

    return [HourView(hour=hour, tick=tick(hour), bucket=buckets.get(hour)) for hour in hours]


def features_of(boundaries: Mapping[int, int], hour: int, base_is_token0: bool, seconds: int) -> NDArray[np.int64]:
    """The network's input in an hour, of the pool's sums at its boundaries. Raises KeyError if one is missing."""
    sums = [boundaries[h] for h in range(hour - BOUNDARIES + 1, hour + 1)]
    return features(mean_ticks(sums, base_is_token0, seconds))


def key_of_input(values: Sequence[int]) -> str:
    """Names an input of the network: a reorganisation can change that of an hour."""
    return hashlib.sha256(repr([int(value) for value in values]).encode()).hexdigest()[:16]
