"""The local demo's vault: what is kept of its deployment, and how its market moves. Deployed: in the whole flow."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, cast

import pytest

from server.chain.vault import START_TICK
from server.local.vault import HOUR_SECONDS, PUSH_SECONDS, Trader, VaultDeployment, identity
from server.settings import Environment, SettingsError

MADE = VaultDeployment(31337, "0x1", 5, "0x2", "0x3", "0x4", "0x5", "0x6")


class FakeMarket:
    """Remembers its ticks."""

    def __init__(self) -> None:
        self.ticks = [START_TICK]

    def tick(self) -> int:
        return self.ticks[-1]

    def push(self, tick: int) -> int:
        return tick

    def send(self, tick: int) -> None:
        self.ticks.append(tick)


def test_a_deployment_is_kept(tmp_path: Path) -> None:
    assert VaultDeployment.load(tmp_path) is None
    MADE.save(tmp_path)
    assert VaultDeployment.load(tmp_path) == MADE
    (tmp_path / "vault.json").write_text('{"vault": "0x1"}')
    with pytest.raises(SettingsError, match="of another version"):
        VaultDeployment.load(tmp_path)


def test_another_setup_is_another_vault() -> None:
    env = Environment.read()
    assert identity(env) == identity(env)
    assert identity(env) != identity(env.model_copy(update={"setup": Path("/ceremony"), "setup_hash": "12" * 64}))
    assert dataclasses.replace(MADE, made=identity(env)).made.startswith("0x")


def test_the_price_moves_while_somebody_looks() -> None:
    market = FakeMarket()
    trader = Trader(cast(Any, market), cast(Any, market))
    now = 1_800_000_000.0
    trader.tick(now)
    assert market.ticks == [START_TICK]  # nobody looks
    trader.watched = lambda: True
    for second in range(200):
        trader.tick(now + second)
    assert len(market.ticks) == pytest.approx(1 + 200 / PUSH_SECONDS, rel=0.25)
    assert len(set(market.ticks)) > 20 and max(abs(tick - START_TICK) for tick in market.ticks) < 3000
    before = market.tick()
    trader.tick(now + 1_000_000)  # after a long pause it goes on from where it was
    assert abs(market.tick() - before) < 1000


def test_it_is_pulled_back_to_where_it_began() -> None:
    market = FakeMarket()
    market.ticks = [START_TICK + 50_000]
    trader = Trader(cast(Any, market), cast(Any, market))
    for step in range(3000):
        trader.trade(1_800_000_000.0 + step * HOUR_SECONDS / 6)
    assert abs(market.tick() - START_TICK) < 3000
