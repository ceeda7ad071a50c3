"""Messages between processes about changed documents."""

from __future__ import annotations

from redis.asyncio.client import Pipeline as AsyncPipeline
from redis.client import Pipeline

from server.store.names import Names


def announce(pipe: Pipeline | AsyncPipeline, names: Names, game: int) -> None:
    """Queues a new version of a game's document and the message about it."""
    pipe.incr(names.version(game))
    pipe.publish(names.changes, str(game))
