"""The load generator counts what was acknowledged, what was refused and what never came back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from bench import load
from bench.load import Streams, request, visitor

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def against(handler: Handler, use: Callable[[int], Awaitable[object]]) -> object:
    """What `use` gives, called with the port of a server of this handler."""

    async def run() -> object:
        async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
            return await use(server.sockets[0].getsockname()[1])

    return asyncio.run(run())


async def judge(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes even numbers, refuses those that 3 divides, and hangs up on 5."""
    while not reader.at_eof():
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            break
        number = int(json.loads(await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))))
        if number == 5:
            break
        status, body = (429, {"code": "often"}) if number % 3 == 0 else (202, {"number": number})
        text = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n%s" % (status, len(text), text))
    writer.close()


def test_answers_are_counted_by_what_they_say() -> None:
    bodies = [str(number).encode() for number in range(8)]
    answers = against(judge, lambda port: load.post(port, "/x", bodies, 0))
    assert isinstance(answers, load.Answers)
    assert answers.acknowledged == {number: {"number": number} for number in (1, 2, 4, 7)}
    assert answers.refused == {"429 often": 3, "no answer (IncompleteReadError)": 1}
    assert len(answers.seconds) == 4 and all(0 <= each < load.TIMEOUT for each in answers.seconds)
    assert answers.ended >= answers.began


def test_a_rate_spreads_the_requests() -> None:
    bodies = [b"1"] * 11
    answers = against(judge, lambda port: load.post(port, "/x", bodies, 50))
    assert isinstance(answers, load.Answers) and len(answers.seconds) == 11
    assert answers.ended - answers.began >= 10 / 50


def test_visitors_have_addresses_of_their_own() -> None:
    assert len({visitor(number) for number in range(70_000)}) == 70_000
    text = request("POST", "/api", 258, b"{}").decode()
    assert text.startswith("POST /api HTTP/1.1\r\n") and "X-Forwarded-For: 10.0.1.2\r\n" in text
    assert text.endswith("\r\n\r\n{}") and "Content-Length: 2\r\n" in text


def test_streams_note_what_came() -> None:
    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"10.128.0.2" in head:
            writer.write(b"HTTP/1.1 429 X\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\nid: 7\ndata: {}\n\n")
        await writer.drain()
        writer.close()

    async def use(port: int) -> Streams:
        streams = Streams(port, "/stream", 3)
        await streams.open()
        await asyncio.gather(*streams.tasks)
        await streams.close()
        return streams

    streams = against(tell, use)
    assert isinstance(streams, Streams)
    assert (streams.opened, streams.refused) == (2, 1) and [[id for _, id in seen] for seen in streams.seen] == [
        [7],
        [7],
    ]
    assert Streams(1, "/", 0).slowest(1.0) == 0.0


def test_an_update_counts_until_all_streams_have_it_or_a_later_one() -> None:
    streams = Streams(1, "/", 3)
    streams.ready = 5.0
    streams.seen = [[(0.0, 1), (6.0, 2), (7.0, 3)], [(4.0, 1), (6.5, 3)], [(1.0, 1), (6.1, 2), (8.0, 3)]]
    assert streams.updates() == {2: 6.0, 3: 6.5}, "what came while they opened tells nothing"
    assert streams.slowest(20.0) == 1.5
    streams.seen[1].pop()
    assert streams.slowest(20.0) == 14.0, "one that never had it"
