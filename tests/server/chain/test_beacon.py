"""The beacon's client: what it takes from a relay, and what it says of a signature."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from server.chain import beacon
from tests.vectors.beacon import FILE, QUICKNET, vectors

ROUND, SIGNATURE = 1000, QUICKNET[1000]


@contextmanager
def drand(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """An HTTP server that answers every question so; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def says(body: bytes, status: int = 200) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        assert request.path == f"/{beacon.CHAIN}/public/{ROUND}"
        request.send_response(status)
        request.end_headers()
        request.wfile.write(body)

    return answer


def signed(**changes: object) -> bytes:
    return json.dumps({"round": ROUND, "randomness": "00" * 32, "signature": SIGNATURE, **changes}).encode()


def test_vectors_are_current() -> None:
    assert json.loads(FILE.read_text()) == vectors()


def test_a_round() -> None:
    with drand(says(signed())) as url:
        signature = beacon.fetch(url, ROUND)
    assert signature == beacon.uncompressed(SIGNATURE)
    assert beacon.verify(ROUND, signature)
    assert not beacon.verify(ROUND + 1, signature)


@pytest.mark.parametrize(
    ("body", "status", "complaint"),
    [
        (b"", 404, "answered 404; the round may not be signed yet"),
        (b"{", 200, "not a signed round"),
        (b"[" * 3000, 200, "not a signed round"),
        (b"[1]", 200, "not a signed round"),
        (signed(round=ROUND + 1), 200, "answered with round 1001"),
        (signed(signature="00" * 48), 200, "not a signed round"),
        (signed(signature="ab" * 47), 200, "a signature of 47 bytes, not 48"),
        (signed(signature="zz"), 200, "not a signed round"),
        (signed(signature=None), 200, "not a signed round"),
        (signed(more="x" * 5000), 200, "longer than 4096 bytes"),
    ],
)
def test_what_is_no_round(body: bytes, status: int, complaint: str) -> None:
    with drand(says(body, status)) as url, pytest.raises(beacon.BeaconError, match=complaint):
        beacon.fetch(url, ROUND)


def test_nobody_answers() -> None:
    with pytest.raises(beacon.BeaconError, match="ConnectError"):
        beacon.fetch("http://127.0.0.1:9", ROUND)


def test_a_relay_that_trickles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that sends a byte now and then holds nobody for longer than the whole answer may take."""
    monkeypatch.setattr(beacon, "TIMEOUT_SECONDS", 0.5)

    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            for _ in range(100):
                request.wfile.write(b" ")
                request.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass

    began = time.monotonic()
    with drand(trickle) as url, pytest.raises(beacon.BeaconError, match="took longer than"):
        beacon.fetch(url, ROUND)
    assert time.monotonic() - began < 20


def test_bytes_that_are_no_signature() -> None:
    point = beacon.uncompressed(SIGNATURE)
    x, y = int.from_bytes(point[:64], "big"), int.from_bytes(point[64:], "big")
    order = beacon.curve.field_modulus
    for wrong in ((x + order, y), (x, y + order), (x, order - y), (x, y + 1), (0, 0), (0, 2)):
        assert not beacon.verify(ROUND, b"".join(word.to_bytes(64, "big") for word in wrong))
    assert not beacon.verify(ROUND, point[:-1])
