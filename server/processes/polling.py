"""The votes that go on: which ballots are sent next, and for how many more a receipt can be kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from redis import Redis

from server.chain.client import Chain, Summary
from server.chain.logs import Block
from server.chain.sender import GAS_LIMIT
from server.logline import line
from server.model.game import Game
from server.processes.box import Box, ballots_in, seat_of
from server.processes.pace import BALLOT_GAS, Demand, Pace, day, part_of_day, shares
from server.settings import Settings
from server.store import records
from server.store.changes import announce
from server.store.names import Names
from server.store.records import Carriage, Cursor, Flight, Purpose

log = logging.getLogger(__name__)

BATCH = 400
"""Ballots of a full batch (5.2M gas): a larger one costs hardly less a ballot."""
MOST = GAS_LIMIT // BALLOT_GAS
"""Most ballots in one transaction, just before the deadline."""
BLOCKS_IN_FLIGHT = 2
"""Blocks' worth of ballots in flight, so that each block finds some."""
FIRST_OF_MOVE_GAS = 30_000
"""What the first ballot for a move costs more than those after it."""
BASE_GAS = 150_000
REREAD_SECONDS = 1.0
"""Time between two looks at what the indexer has read, while no block comes."""
PATIENCE_SECONDS = 3.0
"""How long the indexer is believed that is not on the relay's chain: time for it to see a reorganisation."""
PUBLISH_SECONDS = 0.5
KEPT_SECONDS = 6
"""How long what was published counts, if nothing newer comes."""
TOLD_SECONDS = 2
"""A change of the time until which ballots are taken that is worth a new document."""
EVERYBODY = 1 << 32


class Polling:
    """The votes of all games."""

    def __init__(self, chain: Chain, redis: Redis, names: Names, settings: Settings) -> None:
        self.chain = chain
        self.redis = redis
        self.names = names
        self.margin = settings.ballot_margin
        self.start_block = settings.start_block
        self.budget = settings.relay_budget
        self.unbounded = settings.local and settings.relay_budget is None
        self.pace = Pace(settings.local)
        self.boxes: dict[int, Box] = {}
        self.deadlines: dict[int, int] = {}
        self.closed: list[tuple[int, Box]] = []
        """Votes that are over, and the block at which that was seen; what was lost in them is still to be counted."""
        self.batches: dict[int, list[list[bytes]]] = {}
        self.looked = self.agreed = float("-inf")
        """When the indexer was heard last, and when it was last on the relay's chain (monotonic clock)."""
        self.price = 0
        """Wei per gas."""
        self.purse = 0
        """Wei that the relay's accounts can spend."""
        self.allowed: dict[int, int] = {}
        """Game -> how many ballots its vote may have for what it may cost, as published last."""
        self.told: dict[int, int] = {}
        """Game -> the end of its ballots of which those who watch were told."""
        self.published: tuple[float, list[tuple[int, str]]] = (float("-inf"), [])
        """When, and for which votes."""

    def clear(self) -> None:
        self.boxes.clear()
        self.closed.clear()
        self.batches.clear()

    def forget(self) -> None:
        """After a reorganisation nothing is certain but what was received."""
        for box in self.boxes.values():
            box.forget()

    # ---------------------------------------------------------------------------------------------------- ballots

    def read(self, votes: Mapping[int, Summary], head: Block, new_block: bool) -> None:
        """Reads the ballots of these votes, and forgets those that are over. `head`: the newest block, perhaps new."""
        for game, box in list(self.boxes.items()):
            vote = votes.get(game)
            if vote is None or vote.position.key != box.position.key or vote.position.ply != box.ply:
                box.read(self.redis, self.names)
                self.closed.append((head.number, self.boxes.pop(game)))
        self.deadlines = {game: vote.deadline for game, vote in votes.items()}
        for game, vote in votes.items():
            self.boxes.setdefault(game, Box(game, vote.position)).read(self.redis, self.names)
        if (self.boxes or self.closed) and (new_block or time.monotonic() - self.looked > REREAD_SECONDS):
            self._hear_indexer(head)

    def _hear_indexer(self, head: Block) -> None:
        """Takes the indexer's word on what was counted; while it is long on another chain than `head`, the chain's."""
        blocks = Cursor.load(self.redis.get(self.names.cursor)).blocks  # type: ignore[arg-type]
        agrees = self._on_chain(blocks, head)
        self.looked = time.monotonic()
        if agrees:
            self.agreed = self.looked
        believed = self.looked - self.agreed <= PATIENCE_SECONDS
        for box in self.boxes.values():
            voted = box.voted(self.redis, self.names)
            box.indexed = voted if believed else set()
            if not believed and voted - box.mined:
                box.mined |= self._voted(box)
        if agrees:
            self._count_lost(blocks[-1][0])

    def _voted(self, box: Box) -> set[int]:
        """The seats that voted, as the chain itself says."""
        game = Game.load(self.redis.get(self.names.game(box.game)))  # type: ignore[arg-type]
        return self.chain.voted(box.game, box.ply, self.start_block if game is None else game.created)

    def _on_chain(self, blocks: Sequence[tuple[int, str]], head: Block) -> bool:
        """Whether the chain that ends in `head` holds the last of these blocks, or is a part of theirs."""
        known = next((block for block in reversed(blocks) if block[0] <= head.number), None)
        if known is None or (known != blocks[-1] and known[0] != head.number):
            return False
        return self.chain.extends(*known, head)

    def _count_lost(self, indexed: int) -> None:
        """Raises the alarm for ballots that have a receipt and were not counted. `indexed`: the last block read."""
        for entry in [entry for entry in self.closed if entry[0] <= indexed]:
            box = entry[1]
            lost = box.lost() - box.useless
            lost -= self._voted(box) if lost else set()  # seats that vote again by now have no other entry for it
            self.closed.remove(entry)
            if lost:
                self.redis.hincrby(self.names.stats, "lost", len(lost))
                log.error(line("ballots_lost", game=box.game, ply=box.ply, ballots=len(lost), seats=sorted(lost)[:10]))

    def settle(self, purpose: Purpose, sent: Sequence[bytes], counted: Iterable[int]) -> None:
        """Notes which of the ballots sent the contract counted."""
        for box in [*self.boxes.values(), *(box for _, box in self.closed)]:
            if (box.game, box.ply) == (purpose.game, purpose.ply):
                box.settle([ballot for ballot in sent if box.received.get(seat_of(ballot)) == ballot], counted)

    def traces(self, flight: Flight) -> list[str]:
        """The traces of the ballots in a transaction, of those that are recorded."""
        boxes = [*self.boxes.values(), *(box for _, box in self.closed)]
        box = next((box for box in boxes if box.traces and flight.purpose.casts(box.game, box.ply)), None)
        if box is None:
            return []
        return [box.traces[seat] for seat in map(seat_of, ballots_in(flight.data)) if seat in box.traces]

    def plan(self, head: Block, now: float, flights: Collection[Flight]) -> None:
        """Packs batches, heaviest seats first, of the votes that end first, as many as may be in flight."""
        flying = {
            game: [
                ballot
                for flight in flights
                if flight.purpose.casts(game, box.ply)
                for ballot in ballots_in(flight.data)
            ]
            for game, box in self.boxes.items()
        }
        room = BLOCKS_IN_FLIGHT * self.pace.block_ballots(head.gas_limit) - sum(map(len, flying.values()))
        self.batches = {}
        for game in sorted(self.boxes, key=lambda game: self.deadlines[game]):
            waiting = self.boxes[game].pending(flying[game])
            last_call = now >= self.deadlines[game] - max(self.margin, self.pace.reserve(0.0))
            if self.deadlines[game] <= now or not waiting or not self._worth(game, waiting, flying[game], last_call):
                continue
            if last_call:
                size = MOST
            else:
                size, waiting = BATCH, waiting[: max(room, 0)]
                if flying[game]:
                    waiting = waiting[: len(waiting) // BATCH * BATCH]  # what is left over waits for the next block
            self.batches[game] = [waiting[at : at + size] for at in range(0, len(waiting), size)]
            room -= len(waiting)

    def _worth(self, game: int, waiting: Sequence[bytes], flying: Sequence[bytes], last_call: bool) -> bool:
        """Small batches go while less than half of what the vote may cost is spent; full and last ones always."""
        if last_call or len(waiting) >= BATCH // 4 or self.unbounded:
            return True
        spent = int(self.redis.get(self.names.spent(game, self.boxes[game].ply)) or 0)
        return spent <= self.allowed.get(game, 0) * BALLOT_GAS // 2

    def planned(self, game: int) -> list[list[bytes]]:
        """The batches to send now."""
        return self.batches.get(game, [])

    def unfinished(self, game: int, flights: Iterable[Flight]) -> bool:
        """Whether ballots of the vote are in flight or wait."""
        box = self.boxes[game]
        return any(flight.purpose.casts(game, box.ply) for flight in list(flights)) or bool(box.pending(()))

    def gas(self, batch: Sequence[bytes]) -> int:
        """The gas limit of a batch: a bound on what it can need."""
        moves = len({ballot[4:6] for ballot in batch})
        return min(GAS_LIMIT, BASE_GAS + BALLOT_GAS * len(batch) + FIRST_OF_MOVE_GAS * moves)

    # --------------------------------------------------------------------------------------------------- capacity

    def most(self, game: int, now: float) -> int:
        """How many ballots a vote may have for what it may cost: money left for today, or all that the relay holds."""
        if self.unbounded or not self.price:
            return EVERYBODY
        left = self.purse
        if self.budget is not None:
            spent = int(self.redis.get(self.names.coin(day(time.time()))) or 0) * 10**9
            seconds = 2 * max(0.0, self.deadlines[game] - now)  # as the network's turns cost time and no ballots
            left = min(left, int(max(0, self.budget - spent) * part_of_day(seconds, time.time())))
        return len(self.boxes[game].counted) + left // (BALLOT_GAS * self.price * len(self.boxes))

    def paid(self, game: int, ply: int, gas: int, price: int) -> None:
        """Notes what a batch has cost, at a price in wei per gas."""
        with self.redis.pipeline() as pipe:
            spent, today = self.names.spent(game, ply), self.names.coin(day(time.time()))
            for name, amount in ((spent, gas), (today, gas * price // 10**9)):
                pipe.incrby(name, amount)
                pipe.expire(name, records.KEPT_SECONDS)
            pipe.execute()

    def publish(self, head: Block, now: float, oldest: float) -> None:
        """Says for each vote what more can be carried, for the api to give receipts by."""
        votes = [(game, box.position.key) for game, box in self.boxes.items()]
        if not votes or (time.monotonic() - self.published[0] < PUBLISH_SECONDS and votes == self.published[1]):
            return
        self.published = time.monotonic(), votes
        self.allowed = {game: self.most(game, now) for game in self.boxes}
        reserve = max(self.margin, self.pace.reserve(oldest))
        ends = {game: deadline - reserve for game, deadline in self.deadlines.items()}
        seats = self._seats()
        demands = {}
        for game, box in self.boxes.items():
            waiting, left = len(box.received.keys() - box.counted), max(1.0, ends[game] - now)
            demands[game] = Demand(waiting, max(0, seats[game] - len(box.received)), left)
        rates = shares(self.pace.rate(head.gas_limit, oldest), demands)
        with self.redis.pipeline(transaction=False) as pipe:
            for game, box in self.boxes.items():
                carriage = Carriage(
                    ply=box.ply,
                    position_key=box.position.key,
                    carried=len(box.counted),
                    rate=round(rates[game], 3),
                    last=int(ends[game]),
                    most=self.allowed[game],
                )
                pipe.set(self.names.carriage(game), carriage.dump(), ex=KEPT_SECONDS)
                if abs(carriage.last - self.told.get(game, 0)) >= TOLD_SECONDS:
                    announce(pipe, self.names, game)  # documents say until when ballots are taken
                    self.told[game] = carriage.last
            pipe.execute()

    def _seats(self) -> dict[int, int]:
        with self.redis.pipeline(transaction=False) as pipe:
            for game in self.boxes:
                pipe.hlen(self.names.seats(game))
            return dict(zip(self.boxes, pipe.execute(), strict=True))
