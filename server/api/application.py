"""The HTTP api: stateless, any number of processes. Everything it knows is in Redis and on the chain."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import html
import json
import logging
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path as FilePath
from typing import Annotated, Any, cast

import chess
import httpx
import prometheus_client as prometheus
import uvicorn
from fastapi import FastAPI, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError, ResponseError
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol
from web3 import Web3
from web3.exceptions import TransactionNotFound

from engine import encoding
from server.api import problems, rpc
from server.api.limits import BodyLimit, Headers, Limiter, Slots, visitor
from server.api.problems import Problem
from server.api.stream import Hub
from server.api.views import AccountView, Cards, Document, ProofView, Seconds, Views, clock, pgn
from server.chain.client import Chain, Unreachable
from server.chain.deploy import abi
from server.model.game import Game, Move
from server.model.position import Position
from server.settings import ROOT, Settings, SettingsError, public_rpc
from server.store.ballots import BallotBox, BallotError, Receipt, Typed, capacity, check, voted
from server.store.keys import Keys

log = logging.getLogger(__name__)

BODY = 4096
"""A ballot is 250 bytes."""
FAUCET = 10 * 10**18
HEADER_SECONDS = 10.0
"""A request's head must have arrived after this."""
CONNECTIONS = 32
"""To Redis, of one process."""
READY = 1.0
"""Seconds for which an answer that all is well is good."""
PGN = "application/x-chess-pgn"

GameNumber = Annotated[int, Path(ge=0, lt=1 << 32)]
Ply = Annotated[int, Path(ge=0, lt=1 << 16)]
Address = Annotated[str, Path(pattern="^0x[0-9a-fA-F]{40}$")]


class BallotBody(BaseModel):
    """A vote: the 64-byte signature (EIP-2098) is by the seat's vote key, of the contract's EIP-712 struct Ballot."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seat: int = Field(ge=0, lt=1 << 32)
    ply: int = Field(ge=0, lt=1 << 16)
    move: str = Field(pattern="^[a-h][1-8][a-h][1-8][nbrq]?$")
    signature: str = Field(pattern="^0x[0-9a-fA-F]{128}$")


class FaucetBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    address: str = Field(pattern="^0x[0-9a-fA-F]{40}$")


class Stream(StreamingResponse):
    """Server-sent events; `done` is called at the end, even if the client left before the beginning."""

    def __init__(self, events: AsyncIterator[str], done: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self.done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.done()


class Taken(BaseModel):
    receipt: Receipt


class Api:
    """What the routes share."""

    def __init__(self, settings: Settings, chain: Chain) -> None:
        self.settings = settings
        self.chain = chain
        self.keys = Keys(settings.chain_id, settings.contract)
        # A crowd shares a few connections; one each would overrun Redis's queue of new ones.
        pool = BlockingConnectionPool.from_url(
            settings.redis_url, decode_responses=True, max_connections=CONNECTIONS, timeout=10
        )
        self.redis = Redis(connection_pool=pool)
        self.views = Views(self.redis, self.keys, settings.ballot_margin)
        self.hub = Hub(self.redis, self.keys, self._load)
        self.typed = Typed(settings.chain_id, settings.contract)
        self.box = BallotBox(self.redis, self.keys, self.typed, settings.need("relay_key"))
        self.http = httpx.AsyncClient(timeout=20, trust_env=False)
        self.reads, self.posts, self.costly = Limiter(50, 200), Limiter(20, 200), Limiter(5, 50)
        self.ballots, self.faucets, self.calls = Limiter(0.5, 20), Limiter(1, 60), Limiter(50, 300)
        self.streams = Slots(total=2000, each=20)
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.connections = Slots(total=min(files * 3 // 4, 10_000), each=100)
        self.well_until = 0.0
        self.registry = prometheus.CollectorRegistry()
        self.requests = prometheus.Counter(
            "proofmate_requests", "Answers by route and status.", ["route", "status"], registry=self.registry
        )
        self.latency = prometheus.Histogram(
            "proofmate_request_seconds", "Time to answer.", ["route"], registry=self.registry
        )
        self.gauges = {
            name: prometheus.Gauge("proofmate_" + name, about, registry=self.registry)
            for name, about in (
                ("streams", "Open event streams of this process."),
                ("head_block", "The last block the indexer has read."),
                ("head_age_seconds", "Time since that block was seen."),
                ("games", "Games."),
                ("relay_up", "1 if a relay is there and has funds."),
                ("relay_transactions", "Transactions of the relay that were mined."),
                ("relay_reverts", "Those that reverted."),
                ("relay_gas", "Gas they used."),
                ("proofs_waiting", "Proving jobs that no worker has begun."),
            )
        }

    async def _load(self, game: int) -> tuple[int, str] | None:
        document = await self.views.document(game)
        return None if document is None else (document.version, document.model_dump_json(by_alias=True))

    async def game(self, number: int) -> Game:
        game = await self.views.game(number)
        if game is None:
            raise Problem(404, f"there is no game {number}")
        return game

    def limit(self, limiter: Limiter, request: Request) -> None:
        if not limiter.allow(visitor(request.client.host if request.client else None)):
            raise Problem(429, "too many requests; slow down", retry_after=2)

    # ------------------------------------------------------------------------------------------------------ ballots

    async def take(self, number: int, body: BallotBody) -> Receipt:
        """Takes a ballot. Raises BallotError."""
        keys, seat = self.keys, str(body.seat)
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.mget(keys.game(number), keys.relay, keys.head)
            pipe.hget(keys.seats(number), seat)
            pipe.hget(keys.voted(number), seat)
            (stored, relay, head), entry, vote = await pipe.execute()
        if stored is None:
            raise BallotError(404, "game", f"there is no game {number}")
        game = Game.model_validate_json(stored)
        holder = None if entry is None else json.loads(entry)
        signature = bytes.fromhex(body.signature[2:])
        ballot = check(self.typed, game, holder, body.seat, body.ply, body.move, signature)
        if not self.ballots.allow((number, seat)):
            raise BallotError(429, "often", f"seat {seat} sends too many ballots")
        if await self.redis.hexists(keys.ballots(number, ballot.ply, ballot.position), seat):
            return await self.box.put(ballot)  # which waits for the disk again: it may have failed the first time
        if vote is not None and vote.startswith(f"{game.ply}:"):
            raise voted(encoding.unpack_move(int(vote.partition(":")[2])).uci())
        now = clock(head)
        if now >= game.deadline - self.settings.ballot_margin:
            raise BallotError(409, "closed", "this vote is closed here; the contract itself may still take a ballot")
        if relay is None:
            raise BallotError(503, "relay", "no relay is at work; cast the ballot on chain, or try again soon")
        if relay:
            raise BallotError(503, "relay", f"{relay}; cast the ballot on chain")
        rank = holder["rank"] if holder is not None else None
        if rank is None or rank >= capacity(self.settings.relay_gas):
            raise BallotError(503, "budget", "the relay carries the heaviest seats only; cast the ballot on chain")
        return await self.box.put(ballot)

    # ------------------------------------------------------------------------------------------------------- proofs

    def proof(self, game: Game, move: Move) -> dict[str, Any]:
        """What the transaction of a proven move says. Raises Problem if it is not a plain call of submitMove."""
        absent = Problem(404, f"the proof of ply {move.ply} is not in its transaction's own call")
        try:
            transaction = self.chain.w3.eth.get_transaction(cast(Any, move.tx))
        except TransactionNotFound:
            raise absent from None
        try:
            function, args = self.chain.contract.decode_function_input(transaction["input"])
        except ValueError:
            raise absent from None
        if function.fn_name != "submitMove" or args["game"] != game.id:
            raise absent
        verifier = self.chain.contract.functions.model(game.terms.model).call()[0]
        return {**args, "verifier": verifier}

    def words(self, game: Game, ply: int, bitmap: list[int], payee: str) -> list[int]:
        """The public words of a proof: bitmap, the position's own, context."""
        fens = [cast(str, game.opening_fen), *(move.fen for move in game.moves)]
        positions = [fen.rsplit(" ", 2)[0] for fen in fens[: ply + 1]]  # without the counters
        planes = encoding.plane_masks(chess.Board(fens[ply]), positions[-1] in positions[:-1])
        context = encoding.context_word(game.chain_id, game.contract, game.id, ply, payee)
        return [*bitmap, *encoding.to_words(planes), context]

    # -------------------------------------------------------------------------------------------------------- model

    def passport(self, number: int) -> dict[str, Any]:
        """What is known of a model: the chain's entry, and its network's passport if that is here."""
        if not 0 <= number < self.chain.contract.functions.models().call():
            raise Problem(404, f"there is no model {number}")
        verifier, insecure, code_hash, network_hash = self.chain.contract.functions.model(number).call()
        entry = {
            "model": number,
            "verifier": verifier,
            "insecure": insecure,
            "codeHash": "0x" + bytes(code_hash).hex(),
            "networkHash": "0x" + bytes(network_hash).hex(),
        }
        folders = {self.settings.network.parent, ROOT / "engine" / "networks"}
        for file in sorted(file for folder in folders for file in folder.glob("*.safetensors")):
            if _hash(file, file.stat().st_mtime_ns) == bytes(network_hash):
                passport = file.with_suffix(".json")
                known = json.loads(passport.read_text()) if passport.is_file() else {}
                return {"name": file.stem, "strength": None, **known, **entry}
        return {"name": None, "strength": None, **entry}

    # ------------------------------------------------------------------------------------------------------- health

    async def trouble(self) -> str | None:
        """Why this server cannot serve, or None."""
        if time.monotonic() < self.well_until:
            return None
        try:
            await asyncio.wait_for(self.redis.waitaof(1, 0, 1000), 2)
        except ResponseError:
            return "Redis keeps nothing on disk, so ballots could be lost; see REDIS_URL (7.2 or later, appendonly)"
        except (RedisError, TimeoutError):
            return "Redis does not answer; see REDIS_URL"
        try:
            await asyncio.wait_for(run_in_threadpool(self.chain.head), 5)
        except (*Unreachable, TimeoutError):
            return "the chain does not answer; see RPC_URL"
        if await self.redis.get(self.keys.head) is None:
            return "no indexer has read the chain yet"
        self.well_until = time.monotonic() + READY
        return None

    async def measure(self) -> None:
        keys, gauges = self.keys, self.gauges
        async with self.redis.pipeline(transaction=False) as pipe:
            pipe.mget(keys.head, keys.relay)
            pipe.zcard(keys.games)
            pipe.hgetall(keys.stats)
            pipe.llen(f"rq:queue:{keys.queue}")
            (head, relay), games, stats, waiting = await pipe.execute()
        seen = json.loads(head) if head else {"number": 0, "seen": 0}
        gauges["streams"].set(self.streams.open)
        gauges["head_block"].set(seen["number"])
        gauges["head_age_seconds"].set(time.time() - seen["seen"])
        gauges["games"].set(games)
        gauges["relay_up"].set(relay == "")
        gauges["proofs_waiting"].set(waiting)
        for name in ("transactions", "reverts", "gas"):
            gauges["relay_" + name].set(int(stats.get(name, 0)))


def create(settings: Settings, chain: Chain) -> FastAPI:
    """The application."""
    # A library of eth_account's raises this to 100,000, and then deeply nested JSON overflows the C stack.
    sys.setrecursionlimit(1000)
    api = Api(settings, chain)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        listener = asyncio.create_task(api.hub.run())
        yield
        listener.cancel()
        await api.http.aclose()
        await api.redis.aclose(close_connection_pool=True)

    app = FastAPI(title="Proofmate", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.api = api
    problems.install(app)

    @app.middleware("http")
    async def observe(request: Request, call_next: Callable[[Request], Any]) -> Response:
        started = time.monotonic()
        response: Response = await call_next(request)
        route = getattr(request.scope.get("route"), "path", "other")
        api.requests.labels(route, str(response.status_code)).inc()
        api.latency.labels(route).observe(time.monotonic() - started)
        return response

    connect = "'self'" if settings.public_rpc_url is None else f"'self' {_origin(settings.public_rpc_url)}"
    app.add_middleware(BodyLimit, limit=BODY, larger={"/rpc": rpc.BODY})
    app.add_middleware(Headers, connect=connect)
    _routes(app, api)
    _operations(app, api)
    if settings.frontend.is_dir():
        app.mount("/", StaticFiles(directory=settings.frontend, html=True), name="page")
    return app


def _routes(app: FastAPI, api: Api) -> None:
    settings = api.settings
    page_rpc = public_rpc(settings)

    @app.get("/api/config")
    async def config(request: Request) -> dict[str, Any]:
        """What a page must know to talk to the chain; `relay` signs the receipts."""
        api.limit(api.reads, request)
        return {
            "chainId": settings.chain_id,
            "contract": settings.contract,
            "relay": api.box.relay.address,
            "rpc": page_rpc,
            "local": settings.local,
            "insecure": settings.setup is None,
            "faucet": settings.local,
            "ballotMargin": settings.ballot_margin,
            "explorer": settings.explorer,
            "abi": abi(),
        }

    @app.get("/api/games")
    async def games(
        request: Request,
        before: Annotated[int | None, Query(ge=0, lt=1 << 32)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
    ) -> Cards:
        """Games, the newest first; `before` a number."""
        api.limit(api.reads, request)
        return await api.views.cards(before, limit)

    @app.get("/api/games/{number}", response_model=Document, responses={200: {"content": {PGN: {}}}})
    async def game(request: Request, number: GameNumber, accept: Annotated[str, Header()] = "") -> Any:
        """A game's document; as PGN with `Accept: application/x-chess-pgn`."""
        api.limit(api.reads, request)
        if PGN in accept:
            api.limit(api.costly, request)
            return PlainTextResponse(await run_in_threadpool(pgn, await api.game(number)), media_type=PGN)
        document = await api.views.document(number)
        if document is None:
            raise Problem(404, f"there is no game {number}")
        return Response(document.model_dump_json(by_alias=True), media_type="application/json")

    @app.get("/api/games/{number}/stream", response_class=StreamingResponse)
    async def stream(
        request: Request, number: GameNumber, last_event_id: Annotated[str | None, Header(max_length=32)] = None
    ) -> StreamingResponse:
        """The document at once and after every change, as server-sent events `game` with its version as id."""
        api.limit(api.reads, request)
        await api.game(number)
        who = visitor(request.client.host if request.client else None)
        if not api.streams.take(who):
            raise Problem(429, "too many open streams", retry_after=10)
        return Stream(api.hub.watch(number, last_event_id), lambda: api.streams.give(who))

    @app.post("/api/games/{number}/ballots", status_code=202)
    async def ballot(request: Request, number: GameNumber, body: BallotBody) -> Taken:
        """Takes a ballot: on disk when this answers, counted when it is on chain."""
        api.limit(api.posts, request)
        return Taken(receipt=await api.take(number, body))

    @app.get("/api/games/{number}/proofs/{ply}")
    async def proof(request: Request, number: GameNumber, ply: Ply) -> ProofView:
        """The proof of a move of the network, read from its transaction."""
        api.limit(api.costly, request)
        game = await api.game(number)
        move = game.moves[ply] if ply < len(game.moves) else None
        if move is None or move.proof is None:
            raise Problem(404, f"ply {ply} of game {number} has no proof")
        found = await run_in_threadpool(api.proof, game, move)
        words = [f"0x{word:x}" for word in api.words(game, ply, found["bitmap"], found["payee"])]
        fen = game.moves[ply - 1].fen if ply else cast(str, game.opening_fen)
        key = Position.pack(chess.Board(fen), 0).key
        proving = await api.views.proving_seconds(number, ply, key)
        return ProofView(
            game=number,
            ply=ply,
            move=move.move,
            words=tuple(words),
            proof="0x" + bytes(found["proof"]).hex(),
            payee=found["payee"],
            context=words[-1],
            verifier=found["verifier"],
            tx=move.tx,
            block=move.proof.block,
            gas=move.proof.gas,
            seconds=Seconds(proving=proving, total=move.proof.seconds),
        )

    @app.get("/api/games/{number}/accounts/{address}")
    async def account(request: Request, number: GameNumber, address: Address) -> AccountView:
        """What an account has in a game. `owed` is asked of the contract now."""
        api.limit(api.reads, request)
        game = await api.game(number)
        owed = api.chain.contract.functions.owed(number, Web3.to_checksum_address(address))
        return await api.views.account(game, address, await run_in_threadpool(owed.call))

    @app.get("/api/model")
    async def model(request: Request, model: Annotated[int, Query(ge=0, lt=1 << 32)] = 0) -> dict[str, Any]:
        """The passport of a network that plays."""
        api.limit(api.reads, request)
        passport = await run_in_threadpool(api.passport, model)
        prover = await api.redis.get(api.keys.prover)
        if prover is not None and (said := json.loads(prover))["networkHash"] == passport["networkHash"]:
            passport = {"verifyingKeyHash": said["verifyingKeyHash"], "k": said["k"], **passport}
        return passport

    if not settings.local:
        return

    @app.post("/rpc", include_in_schema=False)
    async def proxy(request: Request) -> Response:
        _json_only(request)
        api.limit(api.calls, request)
        return await rpc.forward(api.http, settings.rpc_url, await request.body())

    @app.post("/api/faucet")
    async def faucet(request: Request, body: FaucetBody) -> dict[str, Any]:
        """Funds a burner wallet of a local chain, once."""
        _json_only(request)
        api.limit(api.faucets, request)
        address = Web3.to_checksum_address(body.address)
        balance = await run_in_threadpool(api.chain.w3.eth.get_balance, address)
        if not await api.redis.sadd(api.keys.faucet, address) and balance:
            raise Problem(429, f"{address} was funded before")
        make: Any = api.chain.w3.provider.make_request
        answer = await run_in_threadpool(make, "anvil_setBalance", [address, hex(balance + FAUCET)])
        if "error" in answer:
            raise Problem(503, "this chain has no faucet")
        return {"address": address, "amount": str(FAUCET)}


def _operations(app: FastAPI, api: Api) -> None:
    @app.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> JSONResponse:
        api.limit(api.reads, request)
        trouble = await api.trouble()
        return JSONResponse({"status": "ok"}) if trouble is None else problems.response(503, trouble)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        api.limit(api.reads, request)
        await api.measure()
        return Response(prometheus.generate_latest(api.registry), media_type=prometheus.CONTENT_TYPE_LATEST)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(_docs(app))


def _docs(app: FastAPI) -> str:
    """The api on one page, without scripts from elsewhere."""
    schema = app.openapi()
    rows = "".join(
        f"<h2><code>{verb.upper()} {html.escape(path)}</code></h2><p>{html.escape(entry.get('description', ''))}</p>"
        for path, verbs in schema["paths"].items()
        for verb, entry in verbs.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Proofmate api</title><h1>Proofmate api</h1><p>Schema: <a href='/openapi.json'>openapi.json</a></p>"
        f"{rows}</html>"
    )


@functools.lru_cache
def _hash(file: FilePath, _: int) -> bytes:
    """sha256 of a file, computed once for each time it was written."""
    return hashlib.sha256(file.read_bytes()).digest()


def _json_only(request: Request) -> None:
    """Other content types can be sent by any page of another origin without asking first."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Problem(415, "send application/json")


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


class Protocol(H11Protocol):
    """Cuts off who holds too many connections, and who is slow to send a request's head."""

    holder: str | None = None
    deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.slots = cast(FastAPI, self.config.app).state.api.connections
        host = self.client[0] if self.client else None
        # A proxy connects for many, and limits them itself.
        if host not in cast(ProxyHeadersMiddleware, self.app).trusted_hosts:
            if not self.slots.take(visitor(host)):
                transport.abort()
                return
            self.holder = visitor(host)
        self._hurry()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.holder is not None:
            self.slots.give(self.holder)
        if self.deadline is not None:
            self.deadline.cancel()

    def _hurry(self) -> None:
        """Sets a deadline while a head is awaited; between requests, from its first byte on."""
        awaited = self.cycle is None or self.cycle.response_complete
        if awaited and self.deadline is None:
            self.deadline = self.loop.call_later(HEADER_SECONDS, self.transport.abort)
        elif not awaited and self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


class Server(uvicorn.Server):
    """Serves the application; ends the event streams when told to stop, instead of waiting for their readers."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            forwarded_allow_ips=settings.forwarded_allow_ips,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self.hub: Hub = app.state.api.hub

    def handle_exit(self, sig: int, frame: Any) -> None:
        asyncio.get_event_loop().create_task(self.hub.close())
        super().handle_exit(sig, frame)


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT."""
    from server.processes.loop import connect_redis

    connect_redis(settings).close()
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    server = Server(create(settings, Chain.connect(settings)), settings)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # uvicorn repeats the signal when it is done
            server.run()
    except SystemExit:
        raise SettingsError(f"PORT: {settings.host}:{settings.port} cannot be served; is it taken?") from None
