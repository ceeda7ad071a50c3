"""Every module has tests of its own name: `server/chain/outbox.py` has `tests/server/chain/test_outbox.py`."""

from __future__ import annotations

from pathlib import Path

from server.settings import ROOT

LIMIT = 400
"""Lines of a module."""

ELSEWHERE = {
    "bench/crowd.py": "tests/bench/test_server.py",
    "bench/faults.py": "tests/bench/test_chaos.py",
    "bench/games.py": "tests/bench/test_command.py",
    "bench/node.py": "tests/bench/test_chaos.py",
    "bench/place.py": "tests/bench/test_server.py",
    "bench/rules.py": "tests/bench/test_command.py",
    "engine/proof.py": "tests/engine/test_prover.py",
    "server/api/observe.py": "tests/server/api/routes/test_operations.py",
    "server/api/routes/ballots.py": "tests/server/store/test_ballots.py",
    "server/api/streaming.py": "tests/server/api/test_stream.py",
    "server/chain/logs.py": "tests/server/chain/test_client.py",
    "server/chain/vault.py": "tests/server/checks/simulate/test_vault.py",
    "server/checks/audit/fetch.py": "tests/server/checks/audit/test_lies.py",
    "server/checks/audit/reader.py": "tests/server/checks/audit/test_lies.py",
    "server/checks/audit/tied.py": "tests/server/checks/audit/test_evidence.py",
    "server/checks/simulate/play.py": "tests/test_whole_flow.py",
    "server/checks/vault/command.py": "tests/server/checks/simulate/test_vault.py",
    "server/metrics.py": "tests/test_deploy.py",
    "server/store/migrations/env.py": "tests/server/store/test_database.py",
    "server/store/migrations/versions/0001_first.py": "tests/server/store/test_database.py",
}
"""Modules that work only together with others, and the tests that try them."""

UNTESTED = ("engine/rockefeller/command.py",)
"""Modules that no test tries. None may be added."""


def modules() -> list[Path]:
    """The modules of the product and of the benchmarks, relative to the repository."""
    found = [path for folder in ("bench", "engine", "server") for path in (ROOT / folder).rglob("*.py")]
    return sorted(path.relative_to(ROOT) for path in found if path.name != "__init__.py")


def test_every_module_has_tests_of_its_name() -> None:
    without = {str(path) for path in modules() if not (ROOT / "tests" / path.parent / f"test_{path.name}").is_file()}
    assert sorted(without - ELSEWHERE.keys() - set(UNTESTED)) == [], "write tests of these names"


def test_no_module_is_long() -> None:
    lengths = {str(path): len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LIMIT} == {}
