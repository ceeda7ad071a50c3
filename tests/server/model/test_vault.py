"""A vault's events folded into its document, and the network's view of its hours."""

from __future__ import annotations

import numpy as np

from engine.dense import Network
from engine.rockefeller.hours import FEATURES
from server.chain.vault import NETWORK
from server.model.game import Event
from server.model.vault import (
    BOUNDARIES,
    KEPT_BOUNDARIES,
    KEPT_DECISIONS,
    VaultState,
    apply,
    features_of,
    hour_views,
    key_of_input,
    mean_ticks,
)

EMPTY = VaultState(address="0x" + "11" * 20)


def event(name: str, block: int = 1, **args: int | str) -> Event:
    return Event(name, dict(args), block, 100 * block, "0x" + "22" * 32, 7)


def test_mean_ticks_are_rounded_down_and_turned_to_the_base() -> None:
    assert mean_ticks([0, 3600, 3599, 0], base_is_token0=True) == [1, -1, -1]
    assert mean_ticks([0, 3600, 3599, 0], base_is_token0=False) == [-1, 0, 0]
    assert mean_ticks([0, 3600], base_is_token0=True, seconds=20) == [180]


def test_holdings_and_shares_add_up() -> None:
    state = apply(EMPTY, event("Deposited", shares=100, base=50, quote=70))
    state = apply(state, event("Decided", 2, hour=9, bucket=11, payee="0xp", base=5, quote=-7, reward=1))
    state = apply(state, event("Redeemed", 3, shares=10, base=5, quote=6))
    assert (state.base, state.quote, state.shares) == (50, 56, 90)
    assert (state.deposits, state.redemptions, state.decided, state.block) == (1, 1, 1, 3)
    decision = state.decisions[0]
    assert (decision.hour, decision.quote, decision.reward, decision.gas, decision.time) == (9, -7, 1, 7, 200)
    assert apply(state, event("Claimed", 4)) == apply(state, event("Transfer", 5)) == state
    assert VaultState.load(state.dump()) == state


def test_the_document_stays_small_and_in_order() -> None:
    state = EMPTY
    for hour in (3, 1, 2):  # anyone may record an hour late
        state = apply(state, event("HourRecorded", hour=hour, tickCumulative=-hour))
    assert state.boundaries == ((1, -1), (2, -2), (3, -3))
    for hour in range(300):
        state = apply(state, event("HourRecorded", hour=hour, tickCumulative=hour))
        state = apply(state, event("Decided", hour=hour, bucket=5, payee="0xp", base=0, quote=0, reward=0))
    assert [hour for hour, _ in state.boundaries] == list(range(300 - KEPT_BOUNDARIES, 300))
    assert [d.hour for d in state.decisions] == list(range(300 - KEPT_DECISIONS, 300)) and state.decided == 300


def test_the_network_sees_an_hour_when_all_before_it_are_known() -> None:
    network = Network.load(NETWORK, FEATURES)
    sums = np.cumsum(np.random.default_rng(1).integers(70_000, 80_000, 60) * 20).tolist()
    known = {hour: int(value) for hour, value in enumerate(sums)}
    del known[10]
    views = hour_views(known, network, True, 20, 60, 25)
    assert [view.hour for view in views] == list(range(36, 61))
    seen = [view.hour for view in views if view.bucket is not None]
    assert seen == list(range(10 + BOUNDARIES, 60))  # the hole is out of the window; hour 60 is not recorded
    assert views[-1].tick is None and views[-2].tick is None and views[-3].tick is not None
    for view in views:
        if view.bucket is not None:
            features = features_of(known, view.hour, True, 20)
            assert view.bucket == network.classify(features[None])[0]
    assert hour_views({}, network, True, 20, 60, 2)[0].tick is None


def test_an_input_has_a_name_of_its_own() -> None:
    assert key_of_input([1, 2]) == key_of_input(np.array([1, 2])) != key_of_input([12])  # type: ignore[arg-type]
