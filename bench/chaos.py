"""`proofmate chaos`: a crowd votes while things break, and no ballot that was acknowledged may be lost.

Everything runs on the loopback interface of this machine: two relays and two indexers, an api, Redis, a chain that
makes a block a second behind two nodes that misbehave on demand. What breaks follows from the seed.

In the last seconds of a vote, when the api takes no more ballots, no fault drops blocks or moves the chain's clock: no
server can save a ballot that was mined in time and dropped after the deadline.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import json
import random
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chess
import httpx
from eth_account import Account
from redis.exceptions import RedisError
from web3.exceptions import Web3Exception

from bench import crowd, load
from bench.faults import SECONDS, Fault, Faults
from bench.node import Node, bad_node
from bench.place import Place, percentile, place
from bench.server import open_game
from engine.encoding import bitmap_words, pack_move, policy_index
from server.chain.client import Chain, Summary
from server.local.children import tend
from server.local.probe import trouble
from server.model.signing import Typed
from server.processes.relay import HEALTH_KEPT_SECONDS
from server.settings import SettingsError
from server.store.records import StoredProof
from tests.server.table import PROOF, RELAY

VOTE = 45
MARGIN = 15
"""Seconds before a vote's end in which the api takes no ballots."""
MAX_PLY = 300
"""Length of a game, at which it is a draw; then the next one begins."""
PAUSE = 4.0
"""Least seconds between the end of a fault and the next."""
LEASE_SECONDS = 5.0
AWAY = (OSError, httpx.HTTPError, Web3Exception, RedisError, ValueError, SettingsError)
"""What a call of Redis or the chain raises while they are broken."""


@dataclass
class Vote:
    """A ply's vote: who got a receipt, and for what."""

    game: int
    ply: int
    until: float
    bodies: list[bytes]
    acknowledged: dict[int, str] = field(default_factory=dict)
    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    seconds: list[float] = field(default_factory=list)
    over: bool = False

    def hold(self, port: int, path: str) -> None:
        """Posts the ballots over the first half of the vote, and those that were refused again, until it is over."""
        missing = dict(enumerate(self.bodies))
        while missing and not self.over and time.time() < self.until:
            seats = list(missing)
            rate = max(5.0, len(seats) / (VOTE - MARGIN) * 1.5)
            answers = asyncio.run(load.post(port, path, [missing[seat] for seat in seats], rate))
            self.refused += answers.refused
            self.seconds += answers.seconds
            for number, body in answers.acknowledged.items():
                self.acknowledged[seats[number]] = body["receipt"]["move"]
                del missing[seats[number]]
            time.sleep(0.5)


class Chaos:
    """One run."""

    def __init__(self, here: Place, nodes: list[Node], people: list[crowd.Wallet], seed: int) -> None:
        self.here, self.people = here, people
        self.chance = random.Random(seed)
        self.faults = Faults(here, nodes, random.Random(seed))
        self.typed = Typed(here.settings.chain_id, here.settings.contract)
        self.chain = Chain(here.rpc_url, here.settings.contract, here.settings.chain_id)
        self.games: list[int] = []
        self.votes: dict[tuple[int, int], Vote] = {}
        """Game and ply -> the vote."""
        self.threads: list[threading.Thread] = []
        self.fault: Fault | None = None
        self.broken: str | None = None
        """The fault that was mended and from which the server has not recovered."""
        self.next_fault = time.monotonic() + PAUSE
        self.mended = 0.0
        self.seen: collections.Counter[str] = collections.Counter()
        self.recoveries: list[tuple[float, str]] = []
        self.events: list[str] = []

    @property
    def game(self) -> int:
        """The game that is on."""
        return self.games[-1]

    def open(self) -> None:
        """Opens the next game, and has the crowd stake on it."""
        self.games.append(open_game(self.here, self.people, [crowd.STAKE] * len(self.people), VOTE, maxPly=MAX_PLY))
        self.here.rpc("evm_setIntervalMining", 1)  # staking left the chain with blocks on demand

    def run(self, seconds: float) -> None:
        """Votes and faults for so long; then the vote that goes on comes to its end without faults."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tick(True)
        if self.fault is not None:
            self.fault.mend()
        last = time.monotonic() + 3 * VOTE
        while any(not vote.over for vote in self.votes.values()) and time.monotonic() < last:
            self.tick(False)
        for thread in self.threads:
            thread.join(load.TIMEOUT)

    def tick(self, faults: bool) -> None:
        """Keeps everything running, as `proofmate up` does, and the game going."""
        tend(self.here.children(), self.events.append)
        try:
            if self.here.local.child.running:
                self.here.local.watch(self.events.append)
                self.here.local.save()
            summary = self.chain.summary(self.game)
            self._follow(summary, faults)
        except AWAY:
            summary = None
        if faults and summary is not None and summary.state == "over":
            self._next(time.monotonic())
        elif faults:
            self._break(summary)
        self._mend()
        time.sleep(0.2)

    def _next(self, now: float) -> None:
        """Opens the next game once nothing is broken: faults are for votes, not for the crowd's stakes."""
        if self.fault is None and self.broken is None:
            with contextlib.suppress(*AWAY):
                self.open()
            self.next_fault = now + PAUSE

    def _follow(self, summary: Summary, begin: bool) -> None:
        key = self.game, summary.position.ply
        for vote in self.votes.values():
            vote.over |= key > (vote.game, vote.ply) or summary.state in ("prove", "over")
        if summary.state == "prove":
            self._prove(summary)
        elif summary.state == "vote" and key not in self.votes and begin:
            bodies = crowd.ballots(self.typed, self.game, summary.position, self.people, self.chance)
            vote = self.votes[key] = Vote(*key, summary.deadline - MARGIN, bodies)
            path = f"/api/games/{self.game}/ballots"
            self.threads.append(threading.Thread(target=vote.hold, args=(self.here.env.port, path), daemon=True))
            self.threads[-1].start()

    def _prove(self, summary: Summary) -> None:
        """Keeps a proof as a worker would, of the first legal move; the verifier takes any."""
        position = summary.position
        board = position.unpack()
        move = min(board.legal_moves, key=chess.Move.uci)
        kept = StoredProof(
            move=move.uci(),
            words=tuple(f"0x{word:x}" for word in [*bitmap_words([policy_index(move, board.turn)]), *[0] * 6]),
            proof="0x" + PROOF.hex(),
            payee=Account.from_key(RELAY).address,
            seconds=1.0,
        )
        self.here.redis.set(self.here.names.proof(self.game, position.ply, position.key), kept.dump(), nx=True)

    def _break(self, summary: Summary | None) -> None:
        if self.fault is not None or self.broken is not None or time.monotonic() < self.next_fault or summary is None:
            return
        gentle = summary.state != "vote" or time.time() > summary.deadline - MARGIN - SECONDS
        try:
            self.fault = self.faults.draw(gentle)
        except AWAY:
            return
        if self.fault is not None:
            self.seen[self.fault.name] += 1
            self.events.append(f"{time.strftime('%X')} {self.fault.name}")

    def _mend(self) -> None:
        now = time.monotonic()
        if self.fault is not None and now >= self.fault.ends:
            self.fault.mend()
            self.broken, self.mended, self.fault = self.fault.name, now, None
        if self.broken is not None and self._well(now - self.mended):
            self.recoveries.append((now - self.mended, self.broken))
            self.broken, self.next_fault = None, now + PAUSE

    def _well(self, since: float) -> bool:
        """Whether the api is ready, and relay and indexer have done something since, in seconds."""
        try:
            spoke = (
                HEALTH_KEPT_SECONDS - self.here.redis.pttl(self.here.names.relay) / 1000,
                LEASE_SECONDS - self.here.redis.pttl(self.here.names.indexer) / 1000,
            )
        except AWAY:
            return False
        return max(spoke) < since and trouble(f"{self.here.url}/readyz") is None

    def result(self, seconds: float) -> dict[str, Any]:
        """What became of it all."""
        receipts = {(*key, seat): move for key, vote in self.votes.items() for seat, move in vote.acknowledged.items()}
        counted = {(game, *at): move for game in self.games for at, move in crowd.counted(self.here, game).items()}
        costs = crowd.costs(self.here, 0, Account.from_key(RELAY).address)
        lost = [key for key, move in receipts.items() if counted.get(key) != pack_move(chess.Move.from_uci(move))]
        refused: collections.Counter[str] = collections.Counter()
        for vote in self.votes.values():
            refused += vote.refused
        slowest = max(self.recoveries, default=(0.0, ""))
        times = [each for vote in self.votes.values() for each in vote.seconds]
        return {
            "seconds": round(seconds),
            "games": len(self.games),
            "votes": len(self.votes),
            "acknowledged": len(receipts),
            "counted": len(counted),
            "lost": len(lost),
            "lost_ballots": sorted(lost)[:20],
            "refused": dict(refused),
            "ack_p99_ms": round(1000 * percentile(times, 0.99)),
            "gas": costs.gas,
            "wasted_gas_percent": round(100 * costs.wasted / max(1, costs.gas), 2),
            "faults": dict(self.seen),
            "recovery_p50_s": round(percentile([each for each, _ in self.recoveries], 0.5), 1),
            "recovery_max_s": round(slowest[0], 1),
            "slowest_after": slowest[1],
        }


def chaos(seed: int = 1, minutes: float = 1.0, wallets: int = 50, keep: Path | None = None) -> dict[str, Any]:
    """Votes and faults by `seed` for so many minutes. Raises RuntimeError or SettingsError if nothing starts."""
    with place("--block-time", "1") as here, bad_node(here.rpc_url) as first, bad_node(here.rpc_url) as second:
        run = Chaos(here, [first, second], crowd.make_wallets(wallets, seed), seed)
        run.open()
        given = {"RPC_URL": f"{first.address},{second.address}", "BALLOT_MARGIN": str(MARGIN)}
        here.start("indexer", "indexer", "relay", "relay", "api", **given)
        here.await_ready()
        try:
            run.run(60 * minutes)
            return {"seed": seed} | run.result(60 * minutes)
        finally:
            if keep is not None:
                keep.write_text("\n".join(run.events) + "\n")
                for log in sorted((here.folder / "logs").glob("*.log")):
                    with keep.open("a") as file:
                        file.write(f"==== {log.name}\n{log.read_text(errors='replace')}")


def add_parser(commands: Any) -> None:
    """Adds `chaos` to the command line's subparsers."""
    parser = commands.add_parser(
        "chaos",
        help="let a crowd vote while things break, on a server of its own",
        description="A crowd votes while processes, Redis, chain and nodes break by a seed, all on this machine. "
        "Exit code 1: a ballot that was acknowledged was not counted.",
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the faults (1)")
    parser.add_argument("--minutes", type=float, default=1.0, metavar="M", help="how long (1)")
    parser.add_argument("--wallets", type=int, default=50, metavar="N", help="seats that vote (50)")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write what happened and all logs to a file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        result = chaos(options.seed, options.minutes, options.wallets, options.keep)
    except (RuntimeError, OSError) as error:
        print(f"proofmate: {error}", file=sys.stderr)
        return 2
    print(json.dumps(result) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items()))
    return 1 if result["lost"] else 0
