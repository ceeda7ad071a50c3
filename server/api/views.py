"""What the API answers with: the read model, and what is not yet on the chain."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, Literal, cast

import chess
from redis.asyncio import Redis

from server.model.frozen import Frozen, Wei
from server.model.game import Card, Color, Game, Outcome, Side, State
from server.model.opening import Opening, opening_of
from server.model.position import Position
from server.model.tally import ClosedVote
from server.store.names import Names
from server.store.progress import Progress
from server.store.records import Carriage, CountedVote, Head, Staker, StoredBallot, StoredProof, chain_time
from server.store.thinking import Thinking


class Document(Game):
    """A game as a page shows it: what the chain says, and what is under way."""

    version: int
    now: int
    """The chain's time."""
    ballots_until: int
    """Ballots are taken until then, as far as is known now: a slow chain makes it earlier; 0: no vote."""
    proof: Progress | None = None
    """The proof under way, or the last one."""
    thinking: Thinking | None = None
    opening: Opening | None = None
    """Null: the game has not begun, or began with a position that is not in the book."""


class Config(Frozen):
    """What a page must know to talk to the chain."""

    chain_id: int
    contract: str
    relay: str
    """Signs the receipts now."""
    receipt_addresses: tuple[str, ...]
    """Whose receipts hold: `relay` first, then keys that were rotated out and the next one."""
    rpc: str
    """The chain's JSON-RPC, an address of its own or a path of this server's."""
    local: bool
    """A development chain, whose coins are worth nothing."""
    insecure: bool
    """The proofs' setup was made from a known seed."""
    faucet: bool
    ballot_margin: int
    explorer: str | None
    wallet_connect: str | None
    """The operator's project of WalletConnect; null: pages offer no wallet apps by it."""
    vault: str | None
    """The vault that this server shows; null: none."""
    abi: list[dict[str, Any]]


SeriesState = Literal["open", "waiting", "full", "spent"]


class Cards(Frozen):
    games: tuple[Card, ...]
    series: SeriesState | None = None
    """What the series of games is at: a lobby is open, opens for the next visitor, opens when a game ends, or does
    not open because the owner's account is too low; null: there is no series."""
    next: str | None = None
    """The path of the next page of the list; null: these were the last."""


class Filter(Frozen):
    """Which games are wanted; null: any."""

    state: State | None = None
    outcome: Outcome | None = None
    world: Color | None = None

    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.model_dump().items() if value is not None}

    def takes(self, card: Card) -> bool:
        return all(getattr(card, name) == value for name, value in self.given().items())


ALL_GAMES = Filter()
LOOKED_AT = 1_000
"""Most games that one filtered request looks at."""


class AccountBallot(Frozen):
    ply: int
    move: str
    status: Literal["received", "counted"]


class AccountView(Frozen):
    """What an account has in a game, at least as new as the document of `version`."""

    version: int = 0
    side: Side | None
    stake: Wei
    seat: int | None
    vote_key: str | None
    voted_ply: int | None
    owed: Wei
    ballot: AccountBallot | None


class AccountGame(Frozen):
    """A game in which an account has a stake or unclaimed money."""

    game: Card
    side: Side | None
    stake: Wei
    payout: Wei | None
    """What the stake pays in all; null while the game is on."""
    owed: Wei
    """What a claim would pay now."""


class AccountGames(Frozen):
    games: tuple[AccountGame, ...]
    before: int | None
    """Ask with this for older games; null: these were the last."""
    next: str | None = None
    """The path that asks so."""


class Seconds(Frozen):
    proving: float | None
    """What the worker took; null if it was not one of this server's."""
    total: float
    """Chain time from the network's turn to its move."""


class ProofView(Frozen):
    """A proof as it stands on the chain: the public words and the bytes that the verifier took."""

    game: int
    ply: int
    move: str
    words: tuple[str, ...]
    proof: str
    payee: str
    context: str
    verifier: str
    tx: str
    block: int
    gas: int
    seconds: Seconds


class Views:
    """Reads documents from Redis."""

    def __init__(self, redis: Redis, names: Names, margin: int) -> None:
        self.redis = redis
        self.names = names
        self.margin = margin

    async def game(self, game: int) -> Game | None:
        return Game.load(_text(await self.redis.get(self.names.game(game))))

    async def document(self, number: int) -> Document | None:
        names = self.names
        wanted = (names.game(number), names.version(number), names.progress(number), names.thinking(number))
        found = await self.redis.mget(*wanted, names.head, names.carriage(number))
        stored, version, progress, thinking, head, carriage = _texts(found)
        game = Game.load(stored)
        if game is None:
            return None
        if game.vote is not None:
            game = game.model_copy(update={"vote": game.vote.model_copy(update={"pending": await self._pending(game)})})
        return Document(
            **dict(game),
            version=int(version or 0),
            now=chain_time(Head.load(head)),
            ballots_until=self._ballots_until(game, Carriage.load(carriage)),
            proof=_proof(game, Progress.load(progress)),
            thinking=Thinking.load(thinking),
            opening=opening_of(game.opening_fen),
        )

    def _ballots_until(self, game: Game, carriage: Carriage | None) -> int:
        """As admission has it: BALLOT_MARGIN before the deadline, or earlier if a later ballot might miss its block."""
        if game.state != "vote":
            return 0
        until = max(game.deadline - self.margin, 0)
        if carriage is None or (carriage.ply, carriage.position_key) != (game.ply, game.position_key):
            return until
        return min(until, carriage.last)

    async def _pending(self, game: Game) -> int:
        """How many ballots of the present vote were received and are not on the chain."""
        assert game.position_key is not None
        vote = game.id, game.ply, game.position_key
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.hlen(self.names.ballots(*vote))
            pipe.scard(self.names.carried(*vote))
            received, carried = await pipe.execute()
        return max(int(received) - int(carried), 0)

    async def cards(
        self, before: int | None, limit: int, wanted: Filter = ALL_GAMES
    ) -> tuple[tuple[Card, ...], int | None]:
        """Games by number, the newest first, and the number to go on below (None: there are no more).

        Numbers have no gaps. With a filter at most LOOKED_AT games are looked at.
        """
        count = await self.redis.zcard(self.names.games)
        below = min(count, before if before is not None else count)
        step = limit if not wanted.given() else max(limit, 100)
        end = max(below - max(step, LOOKED_AT if wanted.given() else 0), 0)
        found: list[Card] = []
        while below > end and len(found) < limit:
            numbers = range(below - 1, max(below - 1 - step, -1), -1)
            for text in _texts(await self.redis.mget([self.names.card(number) for number in numbers])):
                card = Card.load(text)
                below -= 1
                if card is not None and wanted.takes(card):
                    found.append(card)
                    if len(found) == limit:
                        break
        return tuple(found), below or None

    async def version(self, number: int) -> int:
        """The version of a game's document."""
        return int(await self.redis.get(self.names.version(number)) or 0)

    async def stakes(self, address: str, cards: Sequence[Card]) -> list[tuple[Side | None, int]]:
        """What an account staked in each of some games: side and wei."""
        async with self.redis.pipeline(transaction=False) as pipe:
            for card in cards:
                pipe.hget(self.names.accounts(card.id), address.lower())
            stakers = [Staker.load(text) for text in _texts(await pipe.execute())]
        return [(None, 0) if staker is None else (staker.side, staker.stake) for staker in stakers]

    async def account(self, game: Game, address: str, owed: int) -> AccountView:
        stored = await self.redis.hget(self.names.accounts(game.id), address.lower())
        staker = Staker.load(_text(stored))
        if staker is None or staker.stake == 0:  # it never staked, or withdrew
            return AccountView(side=None, stake=0, seat=None, vote_key=None, voted_ply=None, owed=owed, ballot=None)
        counted, ballot = None, None
        if staker.seat is not None:
            seat = str(staker.seat)
            counted = CountedVote.load(_text(await self.redis.hget(self.names.voted(game.id), seat)))
            if game.state == "vote" and game.position_key is not None:
                name = self.names.ballots(game.id, game.ply, game.position_key)
                ballot = _ballot(game.ply, counted, StoredBallot.load(_text(await self.redis.hget(name, seat))))
        return AccountView(
            side=staker.side,
            stake=staker.stake,
            seat=staker.seat,
            vote_key=staker.vote_key,
            voted_ply=None if counted is None else counted.ply,
            owed=owed,
            ballot=ballot,
        )

    async def closed_vote(self, game: int, ply: int) -> ClosedVote | None:
        """The vote that closed at this ply."""
        return ClosedVote.load(_text(await self.redis.hget(self.names.votes(game), str(ply))))

    async def thoughts(self, game: Game, ply: int) -> Thinking | None:
        """What the network thought at this ply, in the position that is on the chain there."""
        thinking = Thinking.load(_text(await self.redis.hget(self.names.thoughts(game.id), str(ply))))
        return thinking if thinking is not None and thinking.position == position_at(game, ply) else None

    async def proving_seconds(self, game: int, ply: int, position_key: str) -> float | None:
        proof = StoredProof.load(_text(await self.redis.get(self.names.proof(game, ply, position_key))))
        return None if proof is None else proof.seconds


def position_at(game: Game, ply: int) -> str | None:
    """The key of the position that is on the chain at this ply; None: there is none yet."""
    fens = [game.opening_fen, *(move.fen for move in game.moves)]
    fen = fens[ply] if ply < len(fens) else None
    return None if fen is None else Position.pack(chess.Board(fen), 0).key


def _text(reply: bytes | str | None) -> str | None:
    """Redis's reply as text. The client decodes replies, but its types do not say so."""
    return cast("str | None", reply)


def _texts(replies: Iterable[bytes | str | None]) -> list[str | None]:
    return [_text(reply) for reply in replies]


def _proof(game: Game, progress: Progress | None) -> Progress | None:
    """The proof to show: the one under way, else the last move that was proven."""
    if progress is not None and game.state == "prove" and progress.ply == game.ply:
        return progress.model_copy(update={"seconds": round(time.time() - progress.started, 2)})
    last = next((move for move in reversed(game.moves) if move.proof is not None), None)
    if last is None or last.proof is None:
        return None
    seconds = last.proof.seconds
    if progress is not None and progress.tx == last.tx and progress.seconds is not None:
        seconds = progress.seconds  # by the wall clock, finer than the chain's
    return Progress(
        ply=last.ply,
        step="verified",
        fraction=1,
        started=last.time - seconds,
        seconds=seconds,
        tx=last.tx,
        block=last.proof.block,
        gas=last.proof.gas,
    )


def _ballot(ply: int, counted: CountedVote | None, received: StoredBallot | None) -> AccountBallot | None:
    if counted is not None and counted.ply == ply:
        return AccountBallot(ply=ply, move=counted.move.uci(), status="counted")
    if received is not None:
        return AccountBallot(ply=ply, move=received.receipt.move, status="received")
    return None
