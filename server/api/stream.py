"""Streams of changes: a game's document at once, then what changed, to whoever watches it.

A process loads each change once and works out once what changed, for all watchers. A slow watcher skips documents: it
gets the newest, whole, when it is ready, and nothing is queued for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.logline import line
from server.store.names import Names

log = logging.getLogger(__name__)

Load = Callable[[int], Awaitable[tuple[int, str] | None]]
"""Game -> version and document as JSON."""

PACE_SECONDS = 0.25
"""Least time between two documents of a game."""
PING_SECONDS = 4.0
"""After this many seconds without a document there is a ping."""
RETRY_SECONDS = 1.0
"""How long to wait after Redis failed."""


class News(NamedTuple):
    """What a watcher gets."""

    version: int
    document: str
    patch: str | None
    """A JSON Patch (RFC 6902) of the document that the watcher has; None: it has none, or not the last one."""


class Topic:
    """One game's newest document, and how it differs from the one before."""

    def __init__(self, game: int, load: Load) -> None:
        self.game = game
        self.watchers = 0
        self.dirty = asyncio.Event()
        self.dirty.set()
        self.news = asyncio.Condition()
        self.version: int | None = None
        self.data = ""
        self.before: int | None = None
        """The version that `patch` starts from."""
        self.patch = ""
        self._document: dict[str, Any] = {}
        self.task = asyncio.create_task(self._run(load))

    async def _run(self, load: Load) -> None:
        while True:
            await self.dirty.wait()
            self.dirty.clear()
            try:
                loaded = await load(self.game)
            except RedisError:
                await asyncio.sleep(RETRY_SECONDS)
                self.dirty.set()
                continue
            if loaded is not None and loaded[0] != self.version:
                document = json.loads(loaded[1])
                patch = json.dumps(difference(self._document, document), separators=(",", ":"))
                async with self.news:
                    self.before, self.patch, self._document = self.version, patch, document
                    self.version, self.data = loaded
                    self.news.notify_all()
            await asyncio.sleep(PACE_SECONDS)

    def since(self, last: str | None) -> News:
        """What brings a watcher that has version `last` up to date."""
        assert self.version is not None
        known = self.before is not None and last == str(self.before)
        return News(self.version, self.data, self.patch if known else None)


def difference(old: dict[str, Any], new: dict[str, Any], path: str = "") -> list[dict[str, Any]]:
    """A JSON Patch that turns `old` into `new`, two documents of the same model: by field, and by what lists gained."""
    patch: list[dict[str, Any]] = [{"op": "remove", "path": f"{path}/{name}"} for name in old if name not in new]
    for name, value in new.items():
        here, had = f"{path}/{name}", old.get(name)
        if name not in old:
            patch.append({"op": "add", "path": here, "value": value})
        elif value == had:
            continue
        elif isinstance(value, dict) and isinstance(had, dict):
            patch += difference(had, value, here)
        elif isinstance(value, list) and isinstance(had, list) and value[: len(had)] == had:
            patch += ({"op": "add", "path": f"{here}/-", "value": item} for item in value[len(had) :])
        else:
            patch.append({"op": "replace", "path": here, "value": value})
    return patch


class Hub:
    """All streams of a process."""

    def __init__(self, redis: Redis, names: Names, load: Load) -> None:
        self.redis = redis
        self.names = names
        self.load = load
        self.topics: dict[int, Topic] = {}
        self.closing = False

    async def run(self) -> None:
        """Listens for changes until cancelled."""
        while True:
            try:
                async with self.redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self.names.changes)
                    for topic in self.topics.values():
                        topic.dirty.set()  # changes were missed while the connection was down
                    async for message in pubsub.listen():
                        if changed := self.topics.get(int(message["data"])):
                            changed.dirty.set()
            except RedisError as error:
                log.warning(line("redis_away", error=error))
                await asyncio.sleep(RETRY_SECONDS)

    async def watch(self, game: int, last: str | None) -> AsyncIterator[News | None]:
        """What a watcher of a game gets, None every PING_SECONDS without news.

        `last` is the version that a client has which comes back, such as its Last-Event-ID.
        """
        if game not in self.topics:
            self.topics[game] = Topic(game, self.load)
        topic = self.topics[game]
        topic.watchers += 1
        try:
            if last is None and topic.version is not None:
                await self._freshen(topic)
            while not self.closing:
                try:
                    async with asyncio.timeout(PING_SECONDS), topic.news:
                        while not self.closing and (topic.version is None or str(topic.version) == last):
                            await topic.news.wait()
                except TimeoutError:
                    yield None
                    continue
                if topic.version is not None and not self.closing:
                    news = topic.since(last)
                    last = str(news.version)
                    yield news
        finally:
            topic.watchers -= 1
            if not topic.watchers:
                topic.task.cancel()
                if self.topics.get(game) is topic:
                    del self.topics[game]

    async def _freshen(self, topic: Topic) -> None:
        """Loads the same document again: new blocks do not change its version, so its clock may be minutes behind."""
        with contextlib.suppress(RedisError):
            loaded = await self.load(topic.game)
            if loaded is not None and loaded[0] == topic.version:
                topic.data = loaded[1]

    async def close(self) -> None:
        """Ends every stream."""
        self.closing = True
        for topic in list(self.topics.values()):
            with contextlib.suppress(RuntimeError):
                async with topic.news:
                    topic.news.notify_all()
