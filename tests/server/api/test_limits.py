from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from server.api import limits
from server.api.limits import Limiter, Slots, visitor
from tests.server.api.problem import is_problem
from tests.server.table import Table, serve


def test_large_and_slow_bodies_are_cut_off(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.3)

    def endless() -> Any:
        for _ in range(1000):
            yield b"x" * 1000

    with serve(table) as client:
        is_problem(client.post("/api/games/0/ballots", content=b"x" * 5000), 413)
        is_problem(client.post("/rpc", content=b"x" * 200_000), 413)
        with contextlib.suppress(httpx.WriteError):  # the connection may be cut while we write
            is_problem(client.post("/api/games/0/ballots", content=endless()), 413)
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as slow:
            slow.sendall(b"POST /api/games/0/ballots HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
            assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_a_flood_is_slowed_down(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: 0.0))  # however slow this machine is
    with serve(table) as client:
        for path in ("/api/games/0", "/api/config", "/readyz", "/api/games"):
            answers = (client.get(path) for _ in range(400))
            last = next(answer for answer in answers if answer.status_code == 429)
            assert last.headers["retry-after"]
        assert client.get("/livez").status_code == 200


def test_a_limiter_gives_tokens_back_and_forgets() -> None:
    limiter = Limiter(rate=1000, burst=2)
    assert [limiter.allow("a") for _ in range(3)] == [True, True, False]
    assert limiter.allow("b")
    time.sleep(0.01)
    assert limiter.allow("a")
    for key in range(limits.REMEMBERED + 10):
        limiter.allow(key)
    assert len(limiter._buckets) == limits.REMEMBERED


def test_slots() -> None:
    slots = Slots(total=3, each=2)
    assert [slots.take(key) for key in "aaabb"] == [True, True, False, True, False]
    slots.give("a")
    assert slots.take("b")
    slots.give("b")
    slots.give("b")
    slots.give("a")
    assert slots.held == {}


def test_a_household_with_ipv6_is_one_visitor() -> None:
    assert visitor("2001:db8:1:2:3::4") == visitor("2001:db8:1:ff:ffff::1") != visitor("2001:db8:1:100::1")
    assert visitor("::ffff:10.0.0.1") == visitor("10.0.0.1")
    assert visitor(None) == "unknown"


def test_only_walletconnect_s_own_addresses_are_allowed_and_only_if_it_is_set(table: Table) -> None:
    table.settings.frontend.mkdir()
    (table.settings.frontend / "index.html").write_text("<!doctype html>")
    with serve(table) as client:
        policy = client.get("/").headers["content-security-policy"]
        assert "connect-src 'self';" in policy and "frame-src 'none';" in policy
        assert client.get("/api/config").json()["walletConnect"] is None
    table.settings = replace(table.settings, walletconnect_project_id="0" * 32)
    with serve(table) as client:
        policy = client.get("/").headers["content-security-policy"]
        assert "connect-src 'self' wss://relay.walletconnect.org;" in policy
        assert "frame-src https://verify.walletconnect.org;" in policy
        assert client.get("/api/config").json()["walletConnect"] == "0" * 32


def test_a_page_cannot_be_framed_or_fed_scripts(table: Table) -> None:
    table.settings.frontend.mkdir()
    (table.settings.frontend / "index.html").write_text("<!doctype html>")
    with serve(table) as client:
        page = client.get("/")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "script-src 'self';" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["cache-control"] == "no-cache"
        assert client.get("/assets/none.js").headers["cache-control"] == "no-cache"
        for path in ("/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd"):
            assert client.get(path).status_code == 404
