"""What the routes share: settings, chain, Redis, limits."""

from __future__ import annotations

import functools
import resource
import time
from typing import Annotated

import httpx
from fastapi import Depends, Path, Request
from fastapi.concurrency import run_in_threadpool

from server.api import rpc
from server.api.documents import Documents
from server.api.limits import Limiter, Slots, visitor
from server.api.problems import Problem
from server.api.refusals import Refusals
from server.api.stream import Hub
from server.api.vault import VaultReader
from server.api.views import Views
from server.chain.client import Chain
from server.chain.vault import Vault
from server.model.game import Game
from server.model.signing import Typed
from server.settings import Settings, SettingsError
from server.store.admission import PollBook
from server.store.ballots import BallotBox
from server.store.connect import async_redis
from server.store.database import Record
from server.store.names import Names

VISIT_SECONDS = 60
"""For how long a look at the list of games counts as somebody being here."""
CONNECTIONS = 32
"""Most connections of one process to Redis."""

GameNumber = Annotated[int, Path(ge=0, lt=1 << 32)]
Ply = Annotated[int, Path(ge=0, lt=1 << 16)]
Address = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{40}$")]


class Api:
    """One a process. It holds no state that must survive."""

    def __init__(self, settings: Settings, chain: Chain) -> None:
        self.settings = settings
        self.chain = chain
        self.names = Names.of(settings)
        # Few connections: one for each visitor would overflow Redis's accept queue.
        self.redis = async_redis(settings, CONNECTIONS)
        self.views = Views(self.redis, self.names, settings.ballot_margin)
        self.documents = Documents(self._load, self.views.version)
        self.hub = Hub(self.redis, self.names, self._load)
        self.typed = Typed(settings.chain_id, settings.contract)
        self.book = PollBook(self.redis, self.names)
        self.refusals = Refusals(self.redis, self.names)
        self.record = Record(settings)
        self.http = httpx.AsyncClient(timeout=20, trust_env=False)
        reads, posts = settings.reads_per_second, settings.posts_per_second
        self.reads, self.posts = Limiter(reads, int(4 * reads)), Limiter(posts, int(10 * posts))
        self.costly = Limiter(reads / 10, int(reads))
        self.ballots, self.faucets, self.calls = Limiter(0.5, 20), Limiter(1, 60), Limiter(50, 300)
        self.simulations = Limiter(rpc.CALL_RATE, rpc.CALL_BURST)
        self.streams = Slots(total=settings.streams, each=settings.streams_each)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.connections = Slots(total=min(files * 3 // 4, 10_000), each=100)
        self._visit_noted_until = 0.0
        self._vault: VaultReader | None = None
        self.healthy_until = 0.0
        """The monotonic time until which the last healthy result of /readyz is reused."""

    @functools.cached_property
    def box(self) -> BallotBox:
        """Raises SettingsError without a receipt key."""
        return BallotBox(
            self.redis, self.names, self.typed, self.settings.need("receipt_key"), self.settings.redis_replicas
        )

    async def vault(self) -> VaultReader:
        """Reads the vault of this server. Raises Problem if it shows none."""
        address = self.settings.vault
        if address is None:
            raise Problem(404, "this server shows no vault", "vault")
        if self._vault is None:

            def make() -> VaultReader:
                return VaultReader(self.settings, Vault(self.chain.w3, address), self.redis, self.names)

            try:
                self._vault = await run_in_threadpool(make)
            except SettingsError as error:
                raise Problem(503, str(error), "away", retry_after=2) from None
        return self._vault

    async def _load(self, game: int) -> tuple[int, str] | None:
        document = await self.views.document(game)
        return None if document is None else (document.version, document.dump())

    async def visited(self) -> None:
        """Notes that somebody is here, for the series of games; at most once in some seconds."""
        now = time.monotonic()
        if now < self._visit_noted_until:
            return
        self._visit_noted_until = now + VISIT_SECONDS / 3
        if await self.redis.set(self.names.visited, "1", ex=VISIT_SECONDS, get=True) is None:
            await self.redis.publish(self.names.arrivals, "")

    async def game(self, number: int) -> Game:
        """The game of this number. Raises Problem if there is none."""
        game = await self.views.game(number)
        if game is None:
            raise Problem(404, f"there is no game {number}", "game")
        return game

    def limit(self, limiter: Limiter, request: Request) -> None:
        """Counts a request of this visitor. Raises Problem 429 if there are too many."""
        if not limiter.allow(client(request)):
            raise Problem(429, "too many requests; slow down", "often", retry_after=2)


def client(request: Request) -> str:
    """The visitor of a request, as the limits count visitors."""
    return visitor(request.client.host if request.client else None)


def require_json(request: Request) -> None:
    """Raises Problem 415 unless the body is JSON: pages of other origins can send other types without a preflight."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Problem(415, "send application/json", "form")


async def _api(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


Shared = Annotated[Api, Depends(_api)]
"""The `Api` of the application, as a route's parameter."""
