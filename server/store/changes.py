"""How the processes tell each other what changed."""

from __future__ import annotations

from redis.asyncio.client import Pipeline as AsyncPipeline
from redis.client import Pipeline

from server.store.names import Names


def announce(pipe: Pipeline | AsyncPipeline, names: Names, game: int) -> None:
    """Queues what tells whoever watches a game that its document changed."""
    pipe.incr(names.version(game))
    pipe.publish(names.changes, str(game))
