"""A load generator for one HTTP server on the loopback interface: many visitors behind one reverse proxy.

It speaks HTTP/1.1 on connections that it keeps, with the request's bytes made before, so it costs little of the machine
that it measures. Each visitor has an address of its own in X-Forwarded-For, as the server sees them behind a proxy.
"""

from __future__ import annotations

import asyncio
import collections
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 200
TIMEOUT = 60.0
"""Seconds to wait for an answer."""


@dataclass
class Answers:
    """What came back."""

    seconds: list[float] = field(default_factory=list)
    """Of each acknowledged request: from the moment it was due to its answer."""
    acknowledged: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Request -> the answer's body."""
    refused: collections.Counter[str] = field(default_factory=collections.Counter)
    """Status and problem code -> how many."""
    began: float = 0.0
    ended: float = 0.0
    """When the last acknowledgement came (monotonic clock)."""


def visitor(number: int) -> str:
    """An address for each visitor."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


async def post(port: int, path: str, bodies: Sequence[bytes], rate: float) -> Answers:
    """Posts each body as a visitor of its own: `rate` a second, or as fast as they are answered if it is 0."""
    answers = Answers(began=time.monotonic())
    due: asyncio.Queue[int | None] = asyncio.Queue()
    workers = [asyncio.create_task(_work(port, path, bodies, due, answers, rate)) for _ in range(CONNECTIONS)]
    for number in range(len(bodies)):
        if rate:
            await asyncio.sleep(max(0.0, answers.began + number / rate - time.monotonic()))
        due.put_nowait(number)
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    return answers


async def _work(
    port: int, path: str, bodies: Sequence[bytes], due: asyncio.Queue[int | None], answers: Answers, rate: float
) -> None:
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (number := await due.get()) is not None:
        began = answers.began + number / rate if rate else time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT):
                streams = streams or await asyncio.open_connection("127.0.0.1", port)
                status, body = await _ask(*streams, request("POST", path, number, bodies[number]))
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            if streams is not None:
                streams[1].close()
            streams = None
            answers.refused[f"no answer ({type(error).__name__})"] += 1
            continue
        if status == 202:
            answers.ended = time.monotonic()
            answers.seconds.append(answers.ended - began)
            answers.acknowledged[number] = json.loads(body)
        else:
            answers.refused[f"{status} {json.loads(body).get('code', '')}".strip()] += 1
    if streams is not None:
        streams[1].close()


def request(verb: str, path: str, number: int, body: bytes = b"") -> bytes:
    """A request of a visitor, as bytes."""
    head = f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: {visitor(number)}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, bytes]:
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


class Streams:
    """Event streams that many visitors hold open, and when each event reached each of them."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self.port, self.path, self.count = port, path, count
        self.seen: list[list[tuple[float, int]]] = []
        """Of each open stream: when its events came (monotonic clock), and the version of the document in each."""
        self.ready = math.inf
        """When all were open."""
        self.opened = self.refused = self.bytes = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Opens the streams, a few at a time, and returns when each has its first event or was refused."""
        for number in range(self.count):
            self.tasks.append(asyncio.create_task(self._read(number)))
            if number % 50 == 49:
                await asyncio.sleep(0.1)
        end = time.monotonic() + TIMEOUT
        while self.opened + self.refused < self.count and time.monotonic() < end:
            await asyncio.sleep(0.05)
        self.ready = time.monotonic()

    async def _read(self, number: int) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)
            writer.write(request("GET", self.path, 1 << 23 | number))
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:
                self.refused += 1
                return
            self.opened += 1
            seen: list[tuple[float, int]] = []
            self.seen.append(seen)
            while line := await reader.readline():
                self.bytes += len(line)
                if line.startswith(b"id:"):
                    seen.append((time.monotonic(), int(line[3:])))
        except (OSError, EOFError, ValueError):
            self.refused += 1
        finally:
            if writer is not None:
                writer.close()

    def updates(self) -> dict[int, float]:
        """The versions that came since all streams were open -> when the first stream had it."""
        first: dict[int, float] = {}
        for seen in self.seen:
            for at, version in seen:
                first[version] = min(at, first.get(version, at))
        return {version: at for version, at in first.items() if at >= self.ready}

    def slowest(self, until: float) -> float:
        """The longest time in seconds from a version's arrival on the first stream until every stream had it or a later
        one; one that a stream never had counts until `until` (monotonic clock)."""
        updates, longest = sorted(self.updates().items()), 0.0
        for seen in self.seen:
            events = iter(seen)
            at, version = next(events, (until, math.inf))
            for wanted, began in updates:
                while version < wanted:
                    at, version = next(events, (until, math.inf))
                longest = max(longest, at - began)
        return longest

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
