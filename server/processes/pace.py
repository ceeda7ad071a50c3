"""How much the relay can carry: what the chain takes, how fast, and what it may cost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from server.chain.logs import Block

BALLOT_GAS = 16_000
"""Gas of a ballot in a full batch, calldata and its share of the transaction included (measured: 13k)."""
REMEMBERED_SECONDS = 120.0
"""How long a transaction's delay counts."""
HEADS = 20
"""Blocks over which the time between two is averaged."""
SLACK_SECONDS = 2.0
"""Time from a receipt to the relay's next look."""
QUICKEST = 0.5
"""Least time in seconds that a block is taken to need, on a local chain that makes them on demand."""
LATE_BLOCKS = 5
"""A head older than so many block times, and LATE_SECONDS, is stale."""
LATE_SECONDS = 30.0
DAY = 86_400


class Pace:
    """What the relay sees of the chain's speed. `local`: blocks may come on demand, and are all ours."""

    def __init__(self, local: bool) -> None:
        self.local = local
        self.heads: deque[tuple[int, int]] = deque(maxlen=HEADS)
        self.delays: deque[tuple[float, float]] = deque(maxlen=50)
        self.cycles: deque[float] = deque([0.0], maxlen=5)
        self.moved = time.monotonic()

    def saw(self, head: Block) -> None:
        """A new head."""
        if self.heads and head.number <= self.heads[-1][0]:
            self.heads.clear()
        self.heads.append((head.number, head.time))
        self.moved = time.monotonic()

    def mined(self, seconds: float) -> None:
        """A transaction was mined so long after it was sent."""
        self.delays.append((time.monotonic(), seconds))

    def worked(self, seconds: float) -> None:
        """A round of the relay's work took so long."""
        self.cycles.append(seconds)

    @property
    def interval(self) -> float:
        """Seconds between two blocks; on a local chain, where they may come on demand, QUICKEST."""
        if self.local or len(self.heads) < 2:
            return QUICKEST if self.local else 12.0
        (first, begun), (last, ended) = self.heads[0], self.heads[-1]
        return max((ended - begun) / (last - first), 0.1)

    def delay(self, oldest: float) -> float:
        """Seconds until a transaction is mined: the longest of late. `oldest`: the age of what is still in flight."""
        since = time.monotonic() - REMEMBERED_SECONDS
        return max([self.interval, oldest, *(delay for at, delay in self.delays if at > since)])

    def stale(self) -> float:
        """Seconds since the last block, if that is too long; 0 if not, or on a local chain."""
        age = time.monotonic() - self.moved
        return 0.0 if self.local or age < max(LATE_BLOCKS * self.interval, LATE_SECONDS) else age

    def block_ballots(self, gas_limit: int) -> int:
        """Ballots in a block: half of it, as more raises the price for all; on a local chain nearly the whole."""
        return gas_limit * (9 if self.local else 5) // 10 // BALLOT_GAS

    def rate(self, gas_limit: int, oldest: float) -> float:
        """Ballots a second that all votes together may get. Two blocks' worth is in flight at most."""
        delay = self.delay(oldest)
        spacing = max(self.interval, delay if self.local else delay / 2, *self.cycles)
        return self.block_ballots(gas_limit) / spacing

    def reserve(self, oldest: float) -> float:
        """Seconds before a deadline in which a ballot may come too late: it may miss one block."""
        return 2 * self.delay(oldest) + max(self.cycles) + SLACK_SECONDS


@dataclass(frozen=True)
class Demand:
    """What a vote asks for: ballots that have receipts and wait, ballots that may yet come, and the time for them."""

    waiting: int
    expected: int
    seconds: float


def shares(rate: float, demands: Mapping[int, Demand]) -> dict[int, float]:
    """Ballots a second for each game. What has receipts comes first; the rest goes to whom needs least first."""
    promised = {game: each.waiting / each.seconds for game, each in demands.items()}
    wanted = {game: each.expected / each.seconds for game, each in demands.items()}
    left = max(0.0, rate - sum(promised.values()))
    given = dict(promised)
    for done, game in enumerate(sorted(wanted, key=lambda game: wanted[game])):
        part = min(wanted[game], left / (len(wanted) - done))
        given[game] += part
        left -= part
    return {game: share + left / len(given) for game, share in given.items()}


def day(now: float) -> int:
    """Days since 1970, UTC."""
    return int(now // DAY)


def part_of_day(seconds: float, now: float) -> float:
    """The part that a vote of so many seconds may spend of what is left for today (UTC)."""
    return min(1.0, seconds / (DAY - now % DAY))
