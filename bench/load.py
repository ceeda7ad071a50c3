"""A load generator for one HTTP server on the loopback interface: many visitors behind one reverse proxy.

It speaks HTTP/1.1 on connections that it keeps, with the request's bytes made before, so it costs little of the machine
that it measures. Each visitor has an address of its own in X-Forwarded-For, as the server sees them behind a proxy.
"""

from __future__ import annotations

import asyncio
import collections
import json
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
        self.seen: dict[bytes, list[float]] = {}
        """Event id -> when it came, for each stream that got it."""
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
            while line := await reader.readline():
                self.bytes += len(line)
                if line.startswith(b"id:"):
                    self.seen.setdefault(line[3:].strip(), []).append(time.monotonic())
        except (OSError, EOFError, ValueError):
            self.refused += 1
        finally:
            if writer is not None:
                writer.close()

    def spread(self) -> float:
        """The longest time between the first and the last stream that an event reached, in seconds."""
        return max((max(times) - min(times) for times in self.seen.values() if len(times) > 1), default=0.0)

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
