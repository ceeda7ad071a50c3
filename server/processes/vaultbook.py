"""A vault's document in the read model: the indexer keeps it beside the games, in the same transactions."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import cast

from redis import Redis
from redis.client import Pipeline

from server.chain.logs import Block, EventLog
from server.logline import line
from server.model import vault as vaults
from server.model.game import Event
from server.model.vault import VaultState
from server.store.names import Names

log = logging.getLogger(__name__)


class VaultBook:
    """The vault at an address, whose events begin at block `start`. Methods raise one of `Unreachable`, RedisError."""

    def __init__(self, log: EventLog, redis: Redis, names: Names, address: str, start: int) -> None:
        self.log, self.redis, self.address, self.start = log, redis, address, start
        self.name = names.vault(address)
        self.state: VaultState | None = None
        """What Redis holds; None: not read yet."""

    def read(self, first: int, last: Block, by_hash: bool, fresh: bool) -> VaultState | None:
        """The vault with its events in blocks first..last; None: nothing changed. If Redis holds none, from the first.

        by_hash: `last` may be the chain's newest block; fresh: what Redis holds is of no use.
        """
        state = self.state = None if fresh else self.state or self._load()
        if state is None:
            return self.rebuilt(last)
        events = self.log.events_until(first, last) if by_hash else self.log.events(first, last.number)
        changed = self._folded(state, events)
        return None if changed == state else changed

    def rolled_back(self, last: Block | None) -> VaultState | None:
        """The vault as of block `last` (None: there is none left); None: it did not change since."""
        state = self.state or self._load()
        if state is None or (last is not None and state.block <= last.number):
            return None
        return self.rebuilt(last)

    def rebuilt(self, last: Block | None) -> VaultState:
        """The vault as of block `last`, from its first event on."""
        log.info(line("vault_read", vault=self.address, block=self.start))
        events = () if last is None else self.log.events_until(self.start, last)
        return self._folded(VaultState(address=self.address), events)

    def write(self, pipe: Pipeline, state: VaultState) -> None:
        """Queues a state; set `state` when that has been done."""
        pipe.set(self.name, state.dump())

    def _load(self) -> VaultState | None:
        return VaultState.load(cast("str | None", self.redis.get(self.name)))

    @staticmethod
    def _folded(state: VaultState, events: Iterable[Event]) -> VaultState:
        for event in events:
            state = vaults.apply(state, event)
        return state
