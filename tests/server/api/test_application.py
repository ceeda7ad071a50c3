from __future__ import annotations

import contextlib
import io
import json
import random
import resource
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import chess.pgn
import httpx
import pytest
from starlette.requests import Request

from server.api import limits
from server.api.application import _json_only, create, run
from server.api.limits import Limiter, Slots, visitor
from server.api.problems import Problem
from server.api.views import pgn
from server.model.game import Game
from server.settings import Settings, SettingsError, address_of
from tests.server.table import ETHER, Table, serve

ADDRESS = "0x" + "12" * 20


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status and body["title"] and body["detail"]
    return body


ERRORS = [
    ("GET", "/api/games/9", 404),
    ("GET", "/api/games/-1", 422),
    ("GET", "/api/games/x", 422),
    ("GET", "/api/games/" + "9" * 5000, 422),
    ("GET", "/api/games/99999999999", 422),
    ("GET", "/api/games/9/stream", 404),
    ("GET", "/api/games/9/proofs/0", 404),
    ("GET", "/api/games/0/proofs/99999", 422),
    ("GET", f"/api/games/9/accounts/{ADDRESS}", 404),
    ("GET", "/api/games/0/accounts/0x12", 422),
    ("GET", "/api/games?limit=1000", 422),
    ("GET", "/api/games?before=-1", 422),
    ("GET", "/api/model?model=99", 404),
    ("GET", "/api/model?model=1e9", 422),
    ("GET", "/api/none", 404),
    ("GET", "/../../etc/passwd", 404),
    ("POST", "/api/games/9/ballots", 422),
    ("POST", "/api/games", 405),
    ("DELETE", "/api/games/0", 405),
]


def test_every_error_is_a_problem(table: Table) -> None:
    with serve(table) as client:
        for method, path, status in ERRORS:
            is_problem(client.request(method, path), status)


def test_bodies_that_are_no_ballot(table: Table) -> None:
    with serve(table) as client:
        headers = {"content-type": "application/json"}
        for body in (b"", b"{", b"[]", b"null", b'"x"', b'{"seat": NaN}'):
            is_problem(client.post("/api/games/0/ballots", content=body, headers=headers), 422)
        for body in (b"[" * 4000, b"\xff\xfe"):
            answer = client.post("/api/games/0/ballots", content=body, headers=headers)
            is_problem(answer, 400 if answer.status_code == 400 else 422)


def test_random_requests_are_never_the_servers_mistake(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limiter, "allow", lambda *_: True)
    game, voters = table.start()
    good = table.sign(voters[0], game, "e2e4")
    chance = random.Random(1)
    junk: list[Any] = [
        None,
        True,
        -1,
        2**31,
        2**63,
        2**64,
        1e300,
        "",
        "e2e4",
        "0x",
        "\0",
        "\ud800",
        "é" * 50,
        [],
        {},
        [[]],
    ]
    parts = [
        "0",
        "-0",
        "1",
        "9" * 30,
        "x",
        "%00",
        "%0d%0a",
        "..",
        "%2e%2e",
        "ü",
        "0x12",
        "stream",
        "proofs",
        "accounts",
    ]
    with serve(table) as client:
        for _ in range(300):
            body = {**good, chance.choice([*good, "more"]): chance.choice(junk)}
            path = "/api/games/" + "/".join(chance.choices(parts, k=chance.randint(1, 4)))
            for answer in (
                client.post(f"/api/games/{game}/ballots", content=json.dumps(chance.choice([body, *junk])).encode()),
                client.post("/api/faucet", json={"address": chance.choice([x for x in junk if x != "\ud800"])}),
                client.get(path),
            ):
                assert answer.status_code < 500, answer.text
                if answer.status_code >= 400:
                    is_problem(answer, answer.status_code)


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


def test_who_connects_and_says_nothing_is_cut_off(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.application.HEADER_SECONDS", 0.2)
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
    monkeypatch.setattr("server.api.application.HEADER_SECONDS", 0.2)
    with serve(table) as client:
        for more in (b"", b"Content-Length: 9\r\n"):  # a head that is never whole, a body that nobody waits for
            with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=5) as slow:
                slow.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
                assert slow.recv(1000).startswith(b"HTTP/1.1 200")
                slow.sendall(b"GET")
                with contextlib.suppress(ConnectionResetError):
                    while slow.recv(1000):
                        pass


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


def test_a_flood_is_slowed_down(table: Table) -> None:
    with serve(table) as client:
        for path in ("/api/games/0", "/api/config", "/readyz", "/metrics"):
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
    assert visitor("2001:db8:1:2:3::4") == visitor("2001:db8:1:2:ffff::1") != visitor("2001:db8:1:3::1")
    assert visitor("::ffff:10.0.0.1") == visitor("10.0.0.1")
    assert visitor(None) == "unknown"


# ---------------------------------------------------------------------------------------------------------- documents


def test_the_api_of_a_game(table: Table) -> None:
    game, voters = table.start(2 * ETHER)
    table.relay.step()
    with serve(table) as client:
        assert client.get("/api/config").json() | {"abi": 0} == {
            "chainId": 31337,
            "contract": table.settings.contract,
            "relay": address_of(table.settings.relay_key),
            "rpc": "/rpc",
            "local": True,
            "insecure": True,
            "faucet": True,
            "ballotMargin": 5,
            "explorer": None,
            "abi": 0,
        }
        client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
        table.run(lambda: table.document(game)["state"] == "prove")
        move = table.prove(game)
        table.run(lambda: table.document(game)["state"] == "vote")
        document = client.get(f"/api/games/{game}").json()
        assert document["ballotsUntil"] == document["deadline"] - 5
        assert abs(document["now"] - table.chain.head().time) <= 5
        assert document["proof"]["step"] == "verified"
        assert document["proof"]["tx"] == document["moves"][1]["tx"]
        assert document["proof"]["seconds"] > 0
        proof = client.get(f"/api/games/{game}/proofs/1").json()
        assert (proof["move"], proof["proof"], proof["payee"]) == (move, "0x" + "ab" * 64, table.settings.payee)
        assert len(proof["words"]) == 31 and proof["words"][30] == proof["context"]
        assert proof["seconds"]["proving"] == 1.5
        is_problem(client.get(f"/api/games/{game}/proofs/0"), 404)
        cards = client.get("/api/games").json()["games"]
        assert cards[0]["id"] == game and cards[0]["worldPool"] == str(2 * ETHER)
        assert client.get(f"/api/games?before={game}").json()["games"][:1] == cards[1:2]
        account = client.get(f"/api/games/{game}/accounts/{voters[0].wallet.address.lower()}").json()
        assert (account["side"], account["stake"], account["seat"]) == ("world", str(2 * ETHER), 0)
        assert account["owed"] == "0" and account["voteKey"] == voters[0].vote.address
        stranger = client.get(f"/api/games/{game}/accounts/{ADDRESS}").json()
        assert stranger["side"] is None and stranger["seat"] is None


def test_proof_words_are_those_the_contract_made(table: Table) -> None:
    """The board words and the context that the api shows are what the verifier was called with."""
    game, voters = table.start()
    table.relay.step()
    with serve(table) as client:
        client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
        table.run(lambda: table.document(game)["state"] == "prove")
        table.prove(game)
        table.run(lambda: table.document(game)["state"] == "vote")
        proof = client.get(f"/api/games/{game}/proofs/1").json()
    trace = table.rpc("debug_traceTransaction", proof["tx"], {"tracer": "callTracer"})
    called = [call["input"] for call in trace["calls"] if call["to"] == proof["verifier"].lower()]
    words = "".join(f"{int(word, 16):064x}" for word in proof["words"])
    assert called == ["0x" + words + proof["proof"][2:]]


def test_pgn(table: Table) -> None:
    game, voters = table.start()
    table.relay.step()
    with serve(table) as client:
        client.post(f"/api/games/{game}/ballots", json=table.sign(voters[0], game, "e2e4"))
        table.run(lambda: table.document(game)["state"] == "prove")
        answer = client.get(f"/api/games/{game}", headers={"Accept": "application/x-chess-pgn"})
    assert answer.headers["content-type"].startswith("application/x-chess-pgn")
    record = chess.pgn.read_game(io.StringIO(answer.text))
    assert record is not None and record.headers["White"] == "World"
    assert [move.uci() for move in record.mainline_moves()] == ["e2e4"]


def test_nothing_can_break_out_of_a_pgn_tag(table: Table) -> None:
    game = table.new_game()
    table.indexer.step()
    document = Game.model_validate(table.document(game)).model_copy(update={"contract": 'x"]\n[Result "1-0'})
    record = chess.pgn.read_game(io.StringIO(pgn(document)))
    assert record is not None and record.headers["Result"] == "*"


# ------------------------------------------------------------------------------------------------------ local chain


def test_the_proxy_passes_on_reads_and_signed_transactions_only(table: Table) -> None:
    with serve(table) as client:

        def rpc(body: Any) -> httpx.Response:
            return client.post("/rpc", json=body)

        block = rpc({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}).json()
        assert int(block["result"], 16) == table.chain.head().number
        both = rpc([{"id": 1, "method": "eth_chainId"}, {"id": 2, "method": "net_version", "params": []}]).json()
        assert [answer["result"] for answer in both] == ["0x7a69", "31337"]
        for method in (
            "anvil_setBalance",
            "evm_mine",
            "eth_sendTransaction",
            "eth_accounts",
            "eth_sign",
            "debug_traceCall",
            "eth_newFilter",
            "ETH_CALL",
            "eth_call ",
        ):
            is_problem(rpc({"id": 1, "method": method, "params": []}), 403)
        read = {"id": 1, "method": "eth_chainId", "params": []}
        is_problem(rpc([read, {"id": 1, "method": "evm_mine", "params": []}]), 403)
        is_problem(rpc([read] * 21), 400)
        for body in ([], {}, 1, [1], {"method": 1}, {"method": ["eth_call"]}, {**read, "params": {"a": 1}}):
            is_problem(rpc(body), 400)
        json_type = {"content-type": "application/json"}
        is_problem(client.post("/rpc", content=b"[" * 100_000, headers=json_type), 400)
        is_problem(client.post("/rpc", content=json.dumps(read), headers={"content-type": "text/plain"}), 415)


def test_the_faucet_funds_once(table: Table) -> None:
    with serve(table) as client:
        assert client.post("/api/faucet", json={"address": ADDRESS}).status_code == 200
        assert table.w3.eth.get_balance(table.w3.to_checksum_address(ADDRESS)) == 10 * ETHER
        is_problem(client.post("/api/faucet", json={"address": ADDRESS}), 429)
        is_problem(client.post("/api/faucet", json={"address": "0x12"}), 422)
        many = [client.post("/api/faucet", json={"address": f"0x{n:040x}"}).status_code for n in range(100, 200)]
        assert many.count(200) >= 20 and 429 in many


def test_a_real_chain_has_neither_faucet_nor_proxy(table: Table) -> None:
    for name, value in (("chain_id", 10), ("public_rpc_url", "https://rpc.example/key"), ("setup", Path("x"))):
        object.__setattr__(table.settings, name, value)
    with serve(table) as client:
        config = client.get("/api/config").json()
        assert (config["rpc"], config["faucet"], config["insecure"]) == ("https://rpc.example/key", False, False)
        assert client.post("/rpc", json={}).status_code in (404, 405)
        assert client.post("/api/faucet", json={"address": ADDRESS}).status_code in (404, 405)
        policy = client.get("/livez").headers["content-security-policy"]
        assert "connect-src 'self' https://rpc.example;" in policy


@pytest.mark.parametrize(
    ("values", "message"),
    [({"relay_key": None}, "RELAY_KEY: missing"), ({"chain_id": 10}, "PUBLIC_RPC_URL: missing; .* of chain 10")],
)
def test_what_the_api_cannot_do_without_is_named(table: Table, values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        create(replace(table.settings, **values), table.chain)


def test_only_json_reaches_what_another_origin_must_not() -> None:
    request = Request({"type": "http", "headers": [(b"content-type", b"text/plain;application/json")]})
    with pytest.raises(Problem):
        _json_only(request)


# --------------------------------------------------------------------------------------------------------- operations


def test_health_metrics_and_docs(table: Table) -> None:
    with serve(table) as client:
        assert "indexer" in is_problem(client.get("/readyz"), 503)["detail"]
        table.indexer.step()
        assert client.get("/readyz").json() == {"status": "ok"}
        text = client.get("/metrics").text
        assert f"proofmate_head_block {float(table.chain.head().number)}" in text
        assert 'proofmate_requests_total{route="/readyz",status="503"} 1.0' in text
        assert "/api/games/{number}/ballots" in client.get("/docs").text
        assert client.get("/openapi.json").json()["info"]["title"] == "Proofmate"


def test_that_all_is_well_is_looked_at_once_a_second(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.application.READY", 0.3)
    table.indexer.step()
    with serve(table) as client:
        assert client.get("/readyz").status_code == 200
        table.redis.delete(table.keys.head)
        assert client.get("/readyz").status_code == 200
        time.sleep(0.3)
        assert client.get("/readyz").status_code == 503


def test_not_ready_without_a_chain(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    table.indexer.step()
    with serve(table) as client:
        monkeypatch.setattr(table.w3.provider, "endpoint_uri", "http://127.0.0.1:1")
        assert "RPC_URL" in is_problem(client.get("/readyz"), 503)["detail"]
        monkeypatch.undo()


def test_without_redis_everything_is_a_problem(settings: Settings, table: Table, tmp_path: Path) -> None:
    object.__setattr__(settings, "redis_url", f"unix://{tmp_path}/none")
    with serve(Table(settings, table.redis)) as client:
        assert "REDIS_URL" in is_problem(client.get("/readyz"), 503)["detail"]
        assert "Redis" in is_problem(client.get("/api/games/0"), 503)["detail"]
        assert client.get("/livez").status_code == 200


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
