"""What a visitor sees of a proof under way: written by the relay and the worker, read by the api."""

from __future__ import annotations

import time
from typing import Literal, cast

from redis import Redis

from server.model.game import Record
from server.store.keys import Keys
from server.store.thinking import Thinking

Step = Literal["queued", "witness", "commitments", "quotient", "opening", "submitted", "verified"]


class Progress(Record):
    """The proof of a ply."""

    ply: int
    step: Step
    fraction: float
    """How much of the proof is made, 0 to 1."""
    started: float
    """Unix time at which the network's turn was seen."""
    seconds: float | None = None
    tx: str | None = None
    block: int | None = None
    gas: int | None = None


def load(redis: Redis, keys: Keys, game: int) -> Progress | None:
    stored = cast("str | None", redis.get(keys.progress(game)))
    return None if stored is None else Progress.model_validate_json(stored)


def report(redis: Redis, keys: Keys, game: int, ply: int, step: Step, fraction: float, tx: str | None = None) -> None:
    """Says how far the proof of a ply is, and tells whoever watches the game."""
    last = load(redis, keys, game)
    started = last.started if last is not None and last.ply == ply else time.time()
    progress = Progress(ply=ply, step=step, fraction=fraction, started=started, tx=tx)
    _tell(redis, keys, game, keys.progress(game), progress)


def verified(redis: Redis, keys: Keys, game: int, ply: int, tx: str) -> None:
    """Says that a transaction with the proof of a ply was mined, and how long it took in all."""
    last = load(redis, keys, game)
    if last is not None and last.ply == ply:
        done = {"step": "verified", "fraction": 1.0, "tx": tx, "seconds": round(time.time() - last.started, 2)}
        _tell(redis, keys, game, keys.progress(game), last.model_copy(update=done))


def think(redis: Redis, keys: Keys, game: int, thinking: Thinking) -> None:
    """Says what the network thinks of the position, and keeps it for who looks back."""
    redis.hset(keys.thoughts(game), str(thinking.ply), thinking.model_dump_json(by_alias=True))
    _tell(redis, keys, game, keys.thinking(game), thinking)


def _tell(redis: Redis, keys: Keys, game: int, name: str, record: Record) -> None:
    with redis.pipeline() as pipe:
        pipe.set(name, record.model_dump_json(by_alias=True))
        pipe.incr(keys.version(game))
        pipe.publish(keys.changes, str(game))
        pipe.execute()
