from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.api.application import create
from server.api.limits import Limiter
from server.settings import SettingsError
from tests.server.api.problem import is_problem
from tests.server.table import Table, serve

ADDRESS = "0x" + "12" * 20


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
    [({"receipt_key": None}, "RECEIPT_KEY: missing"), ({"chain_id": 10}, "PUBLIC_RPC_URL: missing; .* of chain 10")],
)
def test_what_the_api_cannot_do_without_is_named(table: Table, values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        create(replace(table.settings, **values), table.chain)
