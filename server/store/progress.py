"""What a visitor sees of a proof under way: written by the relay and the worker, read by the api."""

from __future__ import annotations

import time
from typing import Literal, cast

from redis import Redis

from server.model.frozen import Frozen
from server.store.changes import announce
from server.store.journal import note
from server.store.names import Names
from server.store.records import KEPT_SECONDS
from server.store.thinking import Thinking

Step = Literal["queued", "witness", "commitments", "quotient", "opening", "submitted", "verified"]


class Progress(Frozen):
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


def load(redis: Redis, names: Names, game: int) -> Progress | None:
    return Progress.load(cast("str | None", redis.get(names.progress(game))))


def report(redis: Redis, names: Names, game: int, ply: int, step: Step, fraction: float, tx: str | None = None) -> None:
    """Says how far the proof of a ply is, and tells whoever watches the game."""
    last = load(redis, names, game)
    started = last.started if last is not None and last.ply == ply else time.time()
    progress = Progress(ply=ply, step=step, fraction=fraction, started=started, tx=tx)
    _tell(redis, names, game, names.progress(game), progress)


def verified(redis: Redis, names: Names, game: int, ply: int, tx: str) -> None:
    """Says that a transaction with the proof of a ply was mined, and how long it took in all."""
    last = load(redis, names, game)
    if last is not None and last.ply == ply:
        done = {"step": "verified", "fraction": 1.0, "tx": tx, "seconds": round(time.time() - last.started, 2)}
        _tell(redis, names, game, names.progress(game), last.model_copy(update=done))


def think(redis: Redis, names: Names, game: int, thinking: Thinking) -> None:
    """Says what the network thinks of the position, and keeps it for whoever looks back."""
    with redis.pipeline() as pipe:
        pipe.hset(names.thoughts(game), str(thinking.ply), thinking.dump())
        pipe.expire(names.thoughts(game), KEPT_SECONDS)
        note(pipe, names, "thinking", game, thinking)
        pipe.execute()
    _tell(redis, names, game, names.thinking(game), thinking)


def _tell(redis: Redis, names: Names, game: int, name: str, record: Frozen) -> None:
    with redis.pipeline() as pipe:
        pipe.set(name, record.dump())
        announce(pipe, names, game)
        pipe.execute()
