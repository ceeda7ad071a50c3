from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from redis import Redis

from server.local import probe
from server.settings import SettingsError


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits, which take no time."""
    waits: list[float] = []
    monkeypatch.setattr(probe.time, "sleep", waits.append)
    return waits


@pytest.fixture
def server() -> Iterator[str]:
    """Answers `/ok` with success, `/ill` with a problem, and all else with nonsense and 500."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = {"/ok": (200, b"{}"), "/ill": (503, b'{"detail": "no indexer"}')}.get(self.path, (500, b"<"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def test_a_free_port_is_free_at_once(hurried: list[float]) -> None:
    probe.await_free_port("PORT", "127.0.0.1", probe.unused_port())
    assert hurried == []


def test_a_taken_port_is_waited_for_and_then_named(hurried: list[float]) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"^PORT: 127\.0\.0\.1:{port} is taken .*; set PORT to another"):
            probe.await_free_port("PORT", "127.0.0.1", port)
    assert sum(hurried) == pytest.approx(2.0), "two seconds for a process that was just killed"


def test_a_chain_answers_or_says_why_not(anvil: tuple[str, str]) -> None:
    assert probe.rpc(anvil[0], "eth_chainId") == "0x7a69" and probe.rpc_answers(anvil[0])
    with pytest.raises(ValueError, match=r"^eth_nonsense: "):
        probe.rpc(anvil[0], "eth_nonsense")
    nowhere = f"http://127.0.0.1:{probe.unused_port()}"
    assert not probe.rpc_answers(nowhere)
    with pytest.raises(httpx.HTTPError):
        probe.rpc(nowhere, "eth_chainId")


def test_the_trouble_of_a_page(server: str) -> None:
    assert probe.trouble(f"{server}/ok") is None
    assert probe.trouble(f"{server}/ill") == "no indexer"
    assert probe.trouble(f"{server}/other") == "", "nonsense says nothing"
    assert probe.trouble(f"http://127.0.0.1:{probe.unused_port()}") == ""


def test_redis_answers(valkey: Redis) -> None:
    assert probe.redis_answers("unix://" + valkey.connection_pool.connection_kwargs["path"])
    assert not probe.redis_answers("redis://127.0.0.1:1")
