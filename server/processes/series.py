"""The series: there is always a game to enter. When a lobby closes, the next one opens.

A lobby opens when somebody is there to see it (`Names.visited`), so that a server without visitors spends nothing. It
is bounded by the number of games on at once, by the fund of each, and by a reserve that the owner's account keeps: an
operator who wants to spend no more puts no more into that account.

Safe to kill anywhere: what there is to do is read from the chain each time, and nothing is sent while a transaction of
the owner's is still under way. A lease keeps two processes from opening a game each.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from redis import Redis
from web3.contract import Contract

from server.chain import chains, deploy
from server.chain.contracts import game_contract
from server.chain.create import KINDS, changed, wei
from server.chain.node import connect
from server.chain.reverts import Refused
from server.chain.sender import Sender
from server.chain.signer import signer_of
from server.logline import line
from server.processes.loop import run_loop, stop_signal
from server.settings import Environment, Settings, SettingsError
from server.store.connect import connect_redis
from server.store.lease import Lease
from server.store.names import Names

log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
"""Longer than a transaction usually takes to be mined, so that the lease outlives the opening of a game."""
STATE_SECONDS = 30
"""How long what the series said of itself stands when it says nothing more."""
LOOK_BACK = 100
"""How many games, newest first, are looked at for those that are on."""

SeriesState = Literal["open", "waiting", "full", "spent"]
"""A lobby is open; one opens for the next visitor; as many games are on as may be; the owner's account is too low."""


@dataclass(frozen=True)
class Plan:
    """What the operator allows."""

    terms: Mapping[str, int | bool]
    games: int
    """How many games may be on at once, the lobby included."""
    fund: int = 0
    """What each game gets for its proofs, in wei."""
    reserve: int = 0
    """What the owner's account keeps, in wei."""


class Series:
    """Keeps a lobby open. `house`, on a local demo, stakes on Leela in each."""

    def __init__(
        self, game: Contract, owner: Sender, redis: Redis, names: Names, plan: Plan, house: Sender | None = None
    ) -> None:
        self.game, self.owner, self.redis, self.names, self.plan, self.house = game, owner, redis, names, plan, house
        self.lease = Lease(redis, names.series, LEASE_SECONDS)
        self._over: set[int] = set()

    def step(self) -> bool:
        """Does what there is to do now. Returns whether a game was opened."""
        if not self.lease.hold():
            return False
        opened = self._step()
        return opened is not None

    def _step(self) -> int | None:
        number = int(self.game.functions.games().call())
        if number and deploy.state(self.game, number - 1) == "lobby":
            self._stake_for_the_house(number - 1)
            self._say("open")
            return None
        if self._on(number) >= self.plan.games:
            self._say("full")
            return None
        if self.owner.balance() < self.plan.reserve + self.plan.fund:
            self._say("spent")
            return None
        self._say("waiting")
        if self.redis.get(self.names.visited) is None or self.owner.count("pending") > self.owner.count("latest"):
            return None
        opened = deploy.create_game(
            self.game, self.owner, {**self.plan.terms, "worldIsWhite": number % 2 == 0}, self.plan.fund
        )
        log.info(line("series_opened", game=opened))
        self._stake_for_the_house(opened)
        self._say("open")
        return opened

    def _on(self, number: int) -> int:
        """How many of the newest games are not over."""
        on = 0
        for game in range(max(number - LOOK_BACK, 0), number):
            if game not in self._over:
                if deploy.state(self.game, game) == "over":
                    self._over.add(game)
                else:
                    on += 1
        return on

    def _stake_for_the_house(self, game: int) -> None:
        if self.house is None or self.game.functions.stakeOf(game, self.house.address).call().amount:
            return
        try:
            self.house.send(self.game.functions.stake(game, 1, "0x" + "00" * 20), deploy.HOUSE_STAKE)
        except Refused as error:  # the lobby has closed in between, or Leela's pool is closed
            log.info(line("series_house_refused", game=game, reason=error))

    def _say(self, state: SeriesState) -> None:
        self.redis.set(self.names.series_state, state, ex=STATE_SECONDS)


def demo_plan(env: Environment, model: int, book: int) -> Plan:
    """The local demo's: its own terms, with a lobby of about a minute."""
    terms = changed({**deploy.DEMO_TERMS, "lobbyPeriod": 60}, env.series_terms.split())
    return Plan({**terms, "model": model, "book": book}, games=4 if env.series is None else env.series)


def operators_plan(env: Environment, chain_id: int) -> Plan:
    """The operator's: SERIES_TERMS is a kind of game and what differs, as `proofmate create` takes them."""
    kind, *changes = env.series_terms.split() or ["bet"]
    if kind not in KINDS:
        raise SettingsError(
            f"SERIES_TERMS: {kind!r} is no kind of game; give one of {', '.join(KINDS)}, then NAME=NUMBER"
        )
    if kind == "prize":
        raise SettingsError("SERIES_TERMS: a prize needs a pot, which is given by hand (`proofmate create prize`)")
    if not env.series:
        raise SettingsError("SERIES: 0 or missing; say how many games may be on at once")
    chain = chains.check(env, chain_id)
    terms = changed(KINDS[kind] if chain is None else chain.terms(KINDS[kind]), changes)
    return Plan(terms, env.series, wei("SERIES_FUND", env.series_fund), wei("SERIES_RESERVE", env.series_reserve))


def run(settings: Settings) -> None:
    """Keeps a lobby open until SIGTERM or SIGINT. Raises SettingsError without OWNER_KEY or a plan."""
    env = Environment.read()
    signer = signer_of(env, "owner")
    if signer is None:
        raise SettingsError("OWNER_KEY: missing; only the contract's owner creates games")
    os.environ.pop("OWNER_KEY", None)
    w3 = connect(settings.rpc_url)
    plan = operators_plan(env, w3.eth.chain_id)
    stop = stop_signal()
    redis, names = connect_redis(settings), Names.of(settings)
    series = Series(game_contract(w3, settings.contract), Sender(w3, signer, "OWNER_KEY"), redis, names, plan)
    run_loop(series.step, redis, names.arrivals, 5.0, stop)
    series.lease.release()
