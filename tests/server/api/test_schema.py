from __future__ import annotations

from server.api.schema import schema


def test_the_schema_needs_nothing_and_has_every_route_with_its_answer() -> None:
    made = schema()
    paths = made["paths"]
    assert {"/games", "/games/{number}", "/games/{number}/ballots", "/config", "/model"} <= {
        path.removeprefix("/api/v1") for path in paths
    }
    assert "/api/v1/faucet" in paths, "a route of the local demo"
    for path, methods in paths.items():
        for method, route in methods.items():
            assert route.get("description") or route.get("summary"), f"{method} {path} says nothing of itself"
            assert any(status.startswith("2") for status in route["responses"]), f"{method} {path} never succeeds"


def test_names_are_camel_case_and_amounts_are_text() -> None:
    fields = schema()["components"]["schemas"]["Config"]["properties"]
    assert {"chainId", "ballotMargin"} <= set(fields) and not any("_" in name for name in fields)
