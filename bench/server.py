"""`proofmate bench server`: a crowd votes on one ply; what was acknowledged is compared with what the chain counted."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from typing import Any

import chess
from eth_account import Account

from bench import crowd, load
from bench.place import BLOCK_GAS, Place, percentile, place, processor_seconds, wait_for
from engine.encoding import pack_move
from server.chain import deploy
from server.chain.sender import Sender
from server.model.signing import Typed
from tests.server.table import OWNER, RELAY

Report = Callable[[str], object]


def bench_server(
    wallets: int = 1000,
    block_time: int = 2,
    vote: int = 60,
    rate: float = 0.0,
    streams: int = 0,
    seed: int = 1,
    report: Report = lambda text: None,
) -> dict[str, Any]:
    """One ply of `wallets` seats. block_time, vote: seconds; rate: ballots a second, 0: as fast as they are answered.

    The chain makes a block every `block_time` seconds, of BLOCK_GAS. Everything runs on this machine. Raises
    RuntimeError if the game does not come to its vote.
    """
    with place() as here:
        report("wallets")
        people = crowd.make_wallets(wallets, seed)
        chance = random.Random(seed)
        game = open_game(here, people, [crowd.STAKE + chance.randrange(crowd.STAKE) for _ in people], vote)
        report("processes")
        here.start("indexer", "api", "relay")
        here.await_ready()
        here.rpc("evm_setIntervalMining", block_time)
        report("lobby and draw")
        wait_for(lambda: here.chain.summary(game).state == "vote", 60 + 10 * block_time, "the vote has not begun")
        summary, first_block = here.chain.summary(game), here.chain.head().number
        typed = Typed(here.settings.chain_id, here.settings.contract)
        bodies = crowd.ballots(typed, game, summary.position, people, chance)
        chance.shuffle(bodies)
        wait_for(lambda: '"vote"' in str(here.redis.get(here.names.game(game))), 60, "the indexer lags")
        wait_for(lambda: here.redis.exists(here.names.carriage(game)), 60, "the relay says nothing of the vote")
        before, own = here.processor_seconds(), processor_seconds(os.getpid())
        report(f"{wallets} ballots")
        answers, watched = asyncio.run(_vote(here, game, bodies, rate, streams))
        voted, mine = here.processor_seconds(), processor_seconds(os.getpid()) - own
        report("the vote's end")
        wait_for(lambda: here.chain.summary(game).state != "vote", vote + 10 * block_time, "the vote did not close")
        whole = here.processor_seconds()
        sender = Account.from_key(RELAY).address
        costs = crowd.costs(here, first_block, sender)
        return (
            {"wallets": wallets, "block_seconds": block_time, "block_gas": BLOCK_GAS, "vote_seconds": vote}
            | verdict(answers, crowd.counted(here, game), costs)
            | {
                "ack_p50_ms": round(1000 * percentile(answers.seconds, 0.5), 1),
                "ack_p99_ms": round(1000 * percentile(answers.seconds, 0.99), 1),
                "acks_per_second": round(len(answers.seconds) / max(answers.ended - answers.began, 1e-9)),
                "api_ms_per_ack": _each(1000 * (voted["api"] - before["api"]), len(answers.seconds)),
                "processor_seconds": {name: round(whole[name] - before[name], 2) for name in whole}
                | {"load generator": round(mine, 2)},
            }
            | watched
        )


def open_game(here: Place, people: list[crowd.Wallet], weights: list[int], vote: int, **terms: Any) -> int:
    """A game whose lobby is about to close, with a seat for each wallet."""
    asked = {**deploy.DEMO_TERMS, "votingPeriod": vote, "minPeriod": vote, **terms}
    game = deploy.create_game(here.chain.contract, Sender(here.chain.w3, OWNER, "OWNER_KEY"), asked)
    crowd.stake(here, game, people, weights)
    return game


async def _vote(
    here: Place, game: int, bodies: list[bytes], rate: float, count: int
) -> tuple[load.Answers, dict[str, Any]]:
    streams = load.Streams(here.env.port, f"/api/games/{game}/stream", count)
    await streams.open()
    answers = await load.post(here.env.port, f"/api/games/{game}/ballots", bodies, rate)
    if not count:
        return answers, {}
    await asyncio.sleep(1)
    watched = {"open": streams.opened, "refused": streams.refused, "updates": len(streams.updates())}
    watched |= {"bytes": streams.bytes, "slowest_update_ms": round(1000 * streams.slowest(time.monotonic()))}
    await streams.close()
    return answers, {"streams": watched}


def verdict(answers: load.Answers, moves: dict[tuple[int, int], int], costs: crowd.Costs) -> dict[str, Any]:
    """Acknowledged, counted, lost and refused ballots of the one ply, and what they cost."""
    receipts = [answer["receipt"] for answer in answers.acknowledged.values()]
    lost = [each["seat"] for each in receipts if moves.get((each["ply"], each["seat"])) != _number(each["move"])]
    return {
        "acknowledged": len(receipts),
        "counted": len(moves),
        "lost": len(lost),
        "refused": dict(answers.refused),
        "batches": costs.batches,
        "gas": costs.gas,
        "gas_per_ballot": _each(costs.gas, len(moves)),
        "wasted_gas": costs.wasted,
    }


def _number(uci: str) -> int:
    return pack_move(chess.Move.from_uci(uci))


def _each(total: float, count: int) -> float:
    return round(total / count, 2) if count else 0.0
