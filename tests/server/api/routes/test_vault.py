"""The vault's routes on a server that shows none, or whose vault is away; with one: tests/server/api/test_vault.py."""

from __future__ import annotations

import dataclasses

import pytest

from tests.server.api.problem import is_problem
from tests.server.table import Table, serve

ROUTES = ("/api/v1/vault", "/api/v1/vault/contract", "/api/v1/vault/decisions/7", "/api/v1/vault/network")


@pytest.mark.parametrize("route", ROUTES)
def test_a_server_without_a_vault_says_so(table: Table, route: str) -> None:
    with serve(table) as client:
        is_problem(client.get(route), 404)
        assert client.get(route).json()["code"] == "vault"
        assert client.get("/api/v1/config").json()["vault"] is None
        assert client.get("/api/vault").status_code == 404


def test_an_address_that_is_no_vault_is_named(table: Table) -> None:
    table.settings = dataclasses.replace(table.settings, vault=table.settings.contract)
    with serve(table) as client:
        problem = client.get("/api/v1/vault")
        is_problem(problem, 503)
        assert "is no vault" in problem.json()["detail"]
