"""The indexer: reads the chain's events into the read model in Redis.

Every commit is one transaction that writes documents and the cursor together, so a kill leaves a consistent model. The
cursor holds the hashes of the last blocks. If the newest of them is no longer on the chain (a reorganisation), the
indexer goes back to the last that is, and rebuilds the games that changed since from their events. If even the chain's
first block differs, it is another chain: the indexer forgets everything, received ballots too. It also rebuilds a game
whose document an event does not fit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from server import metrics
from server.chain import node
from server.chain.client import Chain
from server.chain.logs import BLOCKS_BY_HASH, Block
from server.chain.node import Unreachable
from server.chain.vault import Vault
from server.logline import line
from server.model import game as games
from server.model.game import Card, Event, Game
from server.model.tally import ClosedVote, closed_vote
from server.model.vault import VaultState
from server.processes.loop import run_loop, stop_signal
from server.processes.vaultbook import VaultBook
from server.settings import Settings, SettingsError
from server.store.changes import announce
from server.store.connect import connect_redis
from server.store.journal import note
from server.store.lease import Lease
from server.store.names import Names
from server.store.records import KEPT_SECONDS, CountedVote, Cursor, Head, Seat, Staker

log = logging.getLogger(__name__)

SHAPES = [model.model_json_schema() for model in (Game, Card, ClosedVote, VaultState)]
SHAPE = hashlib.sha256(json.dumps(SHAPES, sort_keys=True).encode()).hexdigest()[:8]
"""Hash of the documents' JSON schemas. A server whose hash differs from the cursor's rebuilds the read model."""
NOBODY = "0x" + "00" * 20
"""The vote key of an empty seat."""
REMEMBERED_BLOCKS = 256
"""How many block hashes the cursor holds. After a deeper reorganisation the whole read model is rebuilt."""
LAG_SECONDS = 10.0
"""How long a chain that became shorter counts as a node that lags; afterwards it counts as reorganised."""


@dataclass
class Ledger:
    """A game's document, seats and accounts in memory, and which of them are not in Redis yet."""

    game: Game
    seats: dict[int, Seat] = field(default_factory=dict)
    accounts: dict[str, Staker] = field(default_factory=dict)
    whole: bool = True
    """Whether `write` replaces what Redis holds, instead of adding to it."""
    new_seats: set[int] = field(default_factory=set)
    new_accounts: set[str] = field(default_factory=set)
    new_votes: dict[int, CountedVote] = field(default_factory=dict)
    closed: dict[int, ClosedVote] = field(default_factory=dict)
    """Votes that closed, by ply."""

    def apply(self, event: Event) -> None:
        args = event.args
        stakes: list[int] = []
        if event.name == "Staked":
            self._stake(args)
        elif event.name == "Withdrawn":
            self._withdraw(args)
        elif event.name in ("DrawFixed", "RoundFixed"):
            heaviest = sorted(self.seats, key=lambda seat: (-self.seats[seat].stake, seat))
            for rank, seat in enumerate(heaviest):
                self.seats[seat] = self.seats[seat].model_copy(update={"rank": rank})
            self.new_seats.update(self.seats)
        elif event.name == "BallotsCast":
            for seat, move in games.ballots(args["ballots"]):
                self.new_votes[seat] = CountedVote(args["ply"], move)
            stakes = [self.seats[seat].stake for seat in range(len(self.seats))]
        closed = closed_vote(self.game, event)
        if closed is not None:
            self.closed[closed.ply] = closed
        self.game = games.apply(self.game, event, stakes)

    def _stake(self, args: dict[str, Any]) -> None:
        side, address, seat = games.SIDES[args["side"]], args["account"].lower(), args["seat"]
        stake = args["amount"] + (self.accounts[address].stake if address in self.accounts else 0)
        account = Staker(side=side, stake=stake)
        if side == "world":
            account = Staker(side=side, stake=stake, seat=seat, vote_key=args["voteKey"])
            self.seats[seat] = Seat(account=args["account"], vote_key=args["voteKey"], stake=stake, rank=None)
            self.new_seats.add(seat)
        self.accounts[address] = account
        self.new_accounts.add(address)

    def _withdraw(self, args: dict[str, Any]) -> None:
        """Empties an account's stake; its seat stays in the count, without a stake or a key that could vote."""
        address, seat, side = args["account"].lower(), args["seat"], games.SIDES[args["side"]]
        self.accounts[address] = Staker(side=side, stake=0)
        self.new_accounts.add(address)
        if side == "world":
            self.seats[seat] = self.seats[seat].model_copy(update={"stake": 0, "vote_key": NOBODY})
            self.new_seats.add(seat)

    def write(self, pipe: Pipeline, names: Names) -> None:
        """Queues what is new; call `written` when that has been done."""
        number = self.game.id
        hashes = (names.seats(number), names.accounts(number), names.voted(number), names.votes(number))
        if self.whole:
            pipe.delete(*hashes)
        news: tuple[dict[str, str], ...] = (
            {str(seat): self.seats[seat].dump() for seat in self.new_seats},
            {address: self.accounts[address].dump() for address in self.new_accounts},
            {str(seat): vote.dump() for seat, vote in self.new_votes.items()},
            {str(ply): vote.dump() for ply, vote in self.closed.items()},
        )
        for name, values in zip(hashes, news, strict=True):
            if values:
                pipe.hset(name, mapping=cast(Any, values))
        if self.game.state == "over":
            note(pipe, names, "game", number, self.game)
        pipe.set(names.game(number), self.game.dump())
        pipe.set(names.card(number), Card.of(self.game).dump())
        pipe.zadd(names.games, {str(number): self.game.block})

    def written(self) -> None:
        self.whole = False
        self.new_seats.clear()
        self.new_accounts.clear()
        self.new_votes.clear()
        self.closed.clear()


class Indexer:
    def __init__(self, chain: Chain, redis: Redis, names: Names, start_block: int = 0, lag: float = 0.0) -> None:
        self.vault: VaultBook | None = None
        """Of the server's vault, if it shows one."""
        self.chain = chain
        self.redis = redis
        self.names = names
        self.start = start_block
        self.lag = lag
        self.lease = Lease(redis, names.indexer)
        self.term = 0
        """The lease's term in which the cursor was read."""
        self.cursor: list[tuple[int, str]] | None = None
        self.level = time.monotonic()
        """Monotonic time at which the chain was last as long as the cursor."""
        self.ledgers: dict[int, Ledger] = {}

    def step(self) -> bool:
        """Reads new blocks. True: call again at once, there may be more."""
        try:
            return self._step()
        except BaseException:
            self.cursor = None  # what is in memory may be ahead of Redis
            raise

    def _step(self) -> bool:
        if not self.lease.hold():
            self.cursor = None
            return False
        if self.cursor is None or self.term != self.lease.term:
            self.term = self.lease.term
            self.ledgers.clear()
            self.cursor = self._read_cursor(self.redis)
            if self.vault is not None:
                self.vault.state = None
        head = self.chain.head()
        if not self.cursor or head.number >= self.cursor[-1][0]:
            self.level = time.monotonic()
        elif time.monotonic() - self.level < self.lag:
            return False
        if self.cursor and self.cursor[-1] == (head.number, head.hash):
            return False
        if self.cursor and not self.chain.extends(*self.cursor[-1], head):
            self._roll_back()
            return True
        first = self.cursor[-1][0] + 1 if self.cursor else min(self.start, head.number)
        far = head.number - first >= node.LOG_RANGE + BLOCKS_BY_HASH
        last = self.chain.block(first + node.LOG_RANGE - 1) if far else head
        if last is None:
            return False
        events = list(self.chain.events(first, last.number) if far else self.chain.events_until(first, last))
        vault = None if self.vault is None else self.vault.read(first, last, not far, not self.cursor)
        if self.chain.block(last.number) != last:
            return False  # reorganised while it was read
        touched = self._fold_all(events, last)
        self._commit([*self.cursor, (last.number, last.hash)][-REMEMBERED_BLOCKS:], touched, head, vault)
        for number, ledger in touched.items():
            if ledger.game.state == "over":
                del self.ledgers[number]
        return far

    def _read_cursor(self, redis: Redis) -> list[tuple[int, str]]:
        """The blocks whose events Redis holds, newest last. Documents of another shape hold none."""
        cursor = Cursor.load(cast("str | None", redis.get(self.names.cursor)))
        return cursor.blocks if cursor.shape == SHAPE else []

    def _roll_back(self) -> None:
        assert self.cursor
        kept = list(self.cursor)
        block: Block | None = None
        while kept:
            block = self.chain.block(kept[-1][0])
            if block is not None and block.hash == kept[-1][1]:
                break
            kept.pop()
        self.ledgers.clear()
        if not kept and self._genesis() != self.redis.get(self.names.genesis):
            log.warning(line("read_model_forgotten", reason="the chain's first block is another"))
            self._forget()
            self.cursor = []
            if self.vault is not None:
                self.vault.state = None
            return
        number = kept[-1][0] if kept else -1
        touched = [
            int(game) for game in cast("list[str]", self.redis.zrangebyscore(self.names.games, number + 1, "+inf"))
        ]
        log.warning(line("chain_reorganised", block=number, games=touched))
        metrics.reorganisations.inc()
        last = block if kept else None
        vault = None if self.vault is None else self.vault.rolled_back(last)
        self._commit(kept, {game: self._rebuild(game, last) for game in touched}, None, vault)

    def _rebuild(self, game: int, last: Block | None) -> Ledger | None:
        """The game as of block `last`, from its events; None: it was not created by then."""
        stored = self._load(game)
        ledger: Ledger | None = None
        if last is not None:
            for event in self.chain.events_until(stored.game.created if stored else self.start, last, game):
                ledger = self._fold(ledger, event)
        return ledger

    def _fold_all(self, events: Iterable[Event], last: Block) -> dict[int, Ledger]:
        """The games that the events touch, as of block `last`. One that an event does not fit is made again."""
        touched: dict[int, Ledger] = {}
        rebuilt: set[int] = set()
        for event in events:
            if event.game in rebuilt:
                continue
            try:
                ledger = self._apply(event)
            except (RedisError, *Unreachable):
                raise
            except Exception:
                log.exception(line("event_does_not_fit", game=event.game, name=event.name, block=event.block))
                again = self._rebuild(event.game, last)
                assert again is not None, f"game {event.game} has events"
                ledger = again
                rebuilt.add(event.game)
            touched[event.game] = self.ledgers[event.game] = ledger
        return touched

    def _apply(self, event: Event) -> Ledger:
        if event.name == "GameCreated":
            return self._fold(None, event)
        return self._fold(self.ledgers.get(event.game) or self._load(event.game), event)

    def _fold(self, ledger: Ledger | None, event: Event) -> Ledger:
        if event.name == "GameCreated":
            return Ledger(games.create(event, self.chain.chain_id, self.chain.contract.address))
        if ledger is None:
            raise SettingsError(f"START_BLOCK: {self.start} is later than the block that created game {event.game}")
        ledger.apply(event)
        return ledger

    def _load(self, game: int) -> Ledger | None:
        document = Game.load(cast("str | None", self.redis.get(self.names.game(game))))
        if document is None:
            return None
        seats = cast("dict[str, str]", self.redis.hgetall(self.names.seats(game)))
        accounts = cast("dict[str, str]", self.redis.hgetall(self.names.accounts(game)))
        return Ledger(
            document,
            {int(seat): Seat.model_validate_json(value) for seat, value in seats.items()},
            {address: Staker.model_validate_json(value) for address, value in accounts.items()},
            whole=False,
        )

    def _commit(
        self,
        cursor: list[tuple[int, str]],
        touched: Mapping[int, Ledger | None],
        head: Block | None,
        vault: VaultState | None = None,
    ) -> None:
        """Writes ledgers, the vault and the cursor in one transaction, if the lease is still ours.

        And if Redis still holds what was read from it: a replica that became the primary may be some writes behind.
        """
        genesis = self._genesis()
        with self.redis.pipeline() as pipe:
            pipe.watch(self.lease.key, self.names.cursor)  # type: ignore[no-untyped-call]
            ours = pipe.get(self.lease.key) == self.lease.token and self.term == self.lease.term
            if not ours or self._read_cursor(pipe) != self.cursor:
                log.warning(line("read_model_changed", lease=ours))
                self.cursor = None
                return
            pipe.multi()
            for number, ledger in touched.items():
                if ledger is None:
                    pipe.delete(self.names.game(number), self.names.seats(number), self.names.accounts(number))
                    pipe.delete(self.names.voted(number), self.names.votes(number), self.names.card(number))
                    pipe.zrem(self.names.games, str(number))
                else:
                    ledger.write(pipe, self.names)
                announce(pipe, self.names, number)
            if self.vault is not None and vault is not None:
                self.vault.write(pipe, vault)
            pipe.set(self.names.cursor, Cursor(SHAPE, cursor).dump())
            pipe.set(self.names.genesis, genesis)
            if head is not None:
                seen = Head(number=head.number, time=head.time, seen=time.time())
                pipe.set(self.names.head, seen.dump())
            pipe.publish(self.names.wake, "chain")
            pipe.execute()
        for ledger in touched.values():
            if ledger is not None:
                self._mark_carried(ledger)
                ledger.written()
        if self.vault is not None and vault is not None:
            self.vault.state = vault
        self.cursor = cursor

    def _mark_carried(self, ledger: Ledger) -> None:
        """Notes which ballots of the present vote were received and are counted now.

        After what was counted is written: who stores a ballot looks for that afterwards, so one of both notes it.
        """
        game = ledger.game
        if game.state != "vote" or game.position_key is None:
            return
        vote = game.id, game.ply, game.position_key
        carried = self.names.carried(*vote)
        if ledger.whole:
            self.redis.delete(carried)  # made again after a reorganisation
        seats = [str(seat) for seat, counted in ledger.new_votes.items() if counted.ply == game.ply]
        if seats:
            kept = cast("list[str | None]", self.redis.hmget(self.names.ballots(*vote), seats))
            if received := [seat for seat, text in zip(seats, kept, strict=True) if text is not None]:
                metrics.counted.inc(self.redis.sadd(carried, *received))
                self.redis.expireat(carried, game.deadline + KEPT_SECONDS)
                with self.redis.pipeline() as pipe:
                    announce(pipe, self.names, game.id)
                    pipe.execute()

    def _genesis(self) -> str:
        first = self.chain.block(0)
        return first.hash if first is not None else ""

    def _forget(self) -> None:
        names: Iterable[str] = self.redis.scan_iter(match=self.names.prefix + "*", count=1000)
        for name in [name for name in names if name != self.lease.key]:
            self.redis.delete(name)


def run(settings: Settings) -> None:
    """Follows the chain until SIGTERM or SIGINT."""
    stop = stop_signal()
    redis, chain = connect_redis(settings), Chain.connect(settings)
    names, lag = Names.of(settings), 0.0 if settings.local else LAG_SECONDS
    indexer = Indexer(chain, redis, names, settings.start_block, lag)
    if settings.vault is not None:
        log_of = Vault(chain.w3, settings.vault).log
        indexer.vault = VaultBook(log_of, redis, names, settings.vault, settings.vault_block)
    indexer.lease.keep(stop)
    run_loop(indexer.step, redis, None, 0.1 if settings.local else 1.0, stop)
    indexer.lease.release()
