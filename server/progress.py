"""What a visitor sees of a proof under way: written by the relay and the worker, read by the api."""

from __future__ import annotations

import json
import time
from typing import Literal, cast

from redis import Redis

from server.game import Record
from server.keys import Keys

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
    with redis.pipeline() as pipe:
        pipe.set(keys.progress(game), progress.model_dump_json(by_alias=True))
        pipe.incr(keys.version(game))
        pipe.publish(keys.changes, str(game))
        pipe.execute()


def think(redis: Redis, keys: Keys, game: int, thinking: object) -> None:
    """Says what the network thinks of the position, see `Thinking` of the api."""
    with redis.pipeline() as pipe:
        pipe.set(keys.thinking(game), json.dumps(thinking))
        pipe.incr(keys.version(game))
        pipe.publish(keys.changes, str(game))
        pipe.execute()
