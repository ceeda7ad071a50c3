from __future__ import annotations

import contextlib
import resource
import socket
import time
from dataclasses import replace

import httpx
import pytest

from server.api.serve import run
from server.settings import SettingsError
from tests.server.api.problem import is_problem
from tests.server.table import Table, serve


def test_who_connects_and_says_nothing_is_cut_off(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.serve.HEADER_SECONDS", 0.2)
    with serve(table) as client:
        for said in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as silent:
                silent.sendall(said)
                with contextlib.suppress(ConnectionResetError):
                    assert silent.recv(100) == b""
        assert client.get("/livez").status_code == 200
        time.sleep(0.3)
        assert client.get("/livez").status_code == 200  # on the connection it has


def test_who_is_slow_with_the_next_request_is_cut_off(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.serve.HEADER_SECONDS", 0.2)
    with serve(table) as client:
        for more in (b"", b"Content-Length: 9\r\n"):  # a head that is never whole, a body that nobody waits for
            with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as slow:
                slow.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
                assert slow.recv(1000).startswith(b"HTTP/1.1 200")
                slow.sendall(b"GET")
                with contextlib.suppress(ConnectionResetError):
                    while slow.recv(1000):
                        pass


def test_an_endless_head_is_cut_off(table: Table) -> None:
    with serve(table) as client:
        address = (client.base_url.host, client.base_url.port or 0)
        number = table.new_game()
        table.indexer.step()
        stream = f"GET /api/v1/games/{number}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        trailers = b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        # First of all, while another request is being answered, and as trailers of a body.
        for before, endless in ((b"", b"a: b\r\n"), (b"", b"a" * 60), (stream, b"a: b\r\n"), (trailers, b"a: b\r\n")):
            with socket.create_connection(address, timeout=5) as hostile:
                if before is stream:
                    hostile.sendall(before)
                    assert hostile.recv(1000).startswith(b"HTTP/1.1 200")
                    before = b""
                hostile.sendall(before or b"GET /livez HTTP/1.1\r\n")
                with pytest.raises(OSError):
                    for _ in range(10_000):
                        hostile.sendall(endless * 200)
        assert client.get("/livez").status_code == 200


def test_requests_that_wait_for_others_are_few(table: Table) -> None:
    with serve(table) as client:
        address = (client.base_url.host, client.base_url.port or 0)
        for count, answered in ((10, 10), (3000, 0)):
            with socket.create_connection(address, timeout=5) as hasty:
                asked = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
                hasty.sendall((asked + b"\r\n") * (count - 1) + asked + b"Connection: close\r\n\r\n")
                said = b""
                with contextlib.suppress(ConnectionResetError):
                    while more := hasty.recv(65_536):
                        said += more
                assert said.count(b"HTTP/1.1 200") >= answered
                assert said.count(b"HTTP/1.1") <= 20
        assert client.get("/livez").status_code == 200


def test_nobody_holds_all_connections(table: Table) -> None:
    object.__setattr__(table.settings, "forwarded_allow_ips", "10.0.0.1")
    with serve(table) as client, contextlib.ExitStack() as held:
        address = (client.base_url.host, client.base_url.port or 0)
        for _ in range(100):
            held.enter_context(socket.create_connection(address))
        with socket.create_connection(address, timeout=5) as extra, contextlib.suppress(ConnectionResetError):
            assert extra.recv(1) == b""
        held.close()
        end = time.monotonic() + 5
        while True:
            with contextlib.suppress(httpx.TransportError):
                assert client.get("/livez").status_code == 200
                break
            assert time.monotonic() < end


def test_what_a_proxy_connects_is_its_own_to_limit(table: Table) -> None:
    with serve(table) as client, contextlib.ExitStack() as held:
        for _ in range(100):
            held.enter_context(socket.create_connection((client.base_url.host, client.base_url.port or 0)))
        assert client.get("/livez").status_code == 200


def test_there_is_no_websocket(table: Table) -> None:
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    with serve(table) as client:
        is_problem(client.get("/api/none", headers={**upgrade, "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg=="}), 404)


def test_a_taken_port_is_named(table: Table) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        files = resource.getrlimit(resource.RLIMIT_NOFILE)
        try:
            with pytest.raises(SettingsError, match=f"PORT: 127.0.0.1:{port} cannot be served"):
                run(replace(table.settings, port=port))
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == (files[1], files[1]), "as many files as it may open"
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, files)
