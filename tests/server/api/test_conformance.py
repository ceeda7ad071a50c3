"""The API does what its schema says: requests made from the schema, right and wrong, get documented answers, no 5xx."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from server.api.limits import Limiter
from tests.server.table import Table, serve

pytestmark = pytest.mark.slow

CASES = 25
"""Right and as many wrong requests of each operation."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


@contextmanager
def at_work(table: Table) -> Iterator[None]:
    """Indexer and relay step by themselves."""
    stop = threading.Event()

    def step() -> None:
        while not stop.is_set():
            if not table.indexer.step() | table.relay.step():
                time.sleep(0.05)

    thread = threading.Thread(target=step)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_every_answer_is_documented_and_none_is_the_servers_mistake(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limiter, "allow", lambda *_: True)
    game, voters = table.start()
    table.relay.step()
    with serve(table) as client, at_work(table), requests.Session() as session:
        session.trust_env = False
        ballot = table.sign(voters[0], game, "e2e4")
        client.post(f"/api/v1/games/{game}/ballots", json=ballot).raise_for_status()
        real = {"number": [game], "ply": [0, 1], "address": [voters[0].wallet.address]}
        schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
        schema.config.update(base_url=str(client.base_url))
        operations = [found.ok() for found in schema.get_all_operations()]
        failures = []
        for operation in operations:
            for mode in GenerationMode:
                if mode is GenerationMode.NEGATIVE and not [*operation.iter_parameters(), *operation.body]:
                    continue  # nothing can be wrong in it
                try:
                    try_operation(operation, mode, real, session, str(client.base_url))
                except (Exception, FailureGroup) as error:
                    failures.append(f"{operation.label}, {mode.value}: {error}")
        assert not failures, "\n\n".join(failures)
        assert {f"/api/v1/games/{{number}}{part}" for part in ("", "/ballots", "/stream")} <= {
            operation.path for operation in operations
        }
        assert client.get("/readyz").status_code == 200


def try_operation(
    operation: Any, mode: GenerationMode, real: dict[str, list[Any]], session: requests.Session, url: str
) -> None:
    """Sends requests of one operation, some of them about the game that is there."""

    @seed(12)
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), choice=st.integers(0, 1))
    def run(case: Case, choice: int) -> None:
        if choice and mode is GenerationMode.POSITIVE:
            known = {name: values[choice % len(values)] for name, values in real.items()}
            case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
        if operation.path.endswith("/stream"):
            begin_stream(case, url)
        else:
            response = case.call(session=session, timeout=10)
            case.validate_response(response, checks=CHECKS)

    run()


def begin_stream(case: Case, url: str) -> None:
    """Streams do not end, so only their beginning is looked at."""
    request = requests.Request(**case.as_transport_kwargs(base_url=url)).prepare()
    with httpx.stream(request.method, request.url, headers=dict(request.headers), trust_env=False) as answer:
        documented = case.operation.definition.raw["responses"][str(answer.status_code)]["content"]
        assert answer.headers["content-type"].partition(";")[0] in documented
        assert answer.status_code < 500
