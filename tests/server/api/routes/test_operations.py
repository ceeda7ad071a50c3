from __future__ import annotations

import time
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from server.settings import Settings
from tests.server.api.problem import is_problem
from tests.server.table import Table, serve


def test_health_and_docs(table: Table) -> None:
    with serve(table) as client:
        assert "indexer" in is_problem(client.get("/readyz"), 503)["detail"]
        table.indexer.step()
        assert "no relay" in is_problem(client.get("/readyz"), 503)["detail"]
        table.relay.step()
        assert client.get("/readyz").json() == {"status": "ok"}
        assert client.get("/metrics").status_code == 404, "nothing internal is public"
        text = generate_latest().decode()
        assert 'proofmate_requests_total{route="/readyz",status="503"}' in text
        assert "/api/v1/games/{number}/ballots" in client.get("/docs").text
        assert client.get("/openapi.json").json()["info"]["title"] == "Proofmate"


def test_that_all_is_well_is_looked_at_once_a_second(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.routes.operations.READY_CACHE_SECONDS", 0.3)
    table.indexer.step()
    table.relay.step()
    with serve(table) as client:
        assert client.get("/readyz").status_code == 200
        table.redis.delete(table.names.head)
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


def test_not_ready_without_indexer_or_relay_or_while_the_head_stands_still(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.routes.operations.READY_CACHE_SECONDS", 0)
    table.indexer.step()
    table.relay.step()
    with serve(table) as client:
        assert client.get("/readyz").status_code == 200
        table.redis.delete(table.names.indexer)
        assert "no indexer is at work" in is_problem(client.get("/readyz"), 503)["detail"]
        table.redis.set(table.names.indexer, "somebody")
        table.redis.set(table.names.relay, "the relay needs funds")
        assert "needs funds" in is_problem(client.get("/readyz"), 503)["detail"]
        table.redis.set(table.names.relay, "")
        monkeypatch.setattr(type(table.settings), "local", False)
        table.mine()
        monkeypatch.setattr("server.api.routes.operations.HEAD_SECONDS", -1e6)
        assert "s old" in is_problem(client.get("/readyz"), 503)["detail"]


def test_a_request_has_an_id_that_nobody_can_break_out_of(table: Table) -> None:
    with serve(table) as client:
        assert client.get("/livez", headers={"X-Request-Id": "proxy-7"}).headers["x-request-id"] == "proxy-7"
        for bad in ('a"b', "x" * 65, ""):
            assert len(client.get("/livez", headers={"X-Request-Id": bad}).headers["x-request-id"]) == 16
