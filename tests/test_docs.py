"""What the documents name exists: files, links, commands, settings."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from server import cli
from server.settings import ROOT, SECRETS, Environment

DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob(".github/**/*.md")]
)
FOLDERS = "engine|server|contracts|frontend|tests|bench|docs|examples|scripts|requirements"
FRONTEND = Environment.model_fields["frontend"].default
GENERATED = ("contracts/out", "contracts/node_modules", "frontend/node_modules", "frontend/dist", "engine/halo2/target")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_files_that_are_named_exist(document: Path) -> None:
    text = document.read_text()
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./*-]*)`", text))
    named |= set(re.findall(r"`([\w-]+\.(?:md|toml|yaml))`", text)) - {"deployment.json"}
    missing = [
        path
        for path in sorted(named)
        if "NAME" not in path and not path.startswith(GENERATED) and not list(ROOT.glob(path.rstrip("/")))
    ]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not missing


def test_architecture_names_each_file_of_the_two_ways() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    ballot, proof = text.split("## The way of one proof")
    for part, files in (
        (
            ballot,
            (
                "actions/vote.ts",
                "routes/ballots.py",
                "store/ballots.py",
                "relay.py",
                "outbox.py",
                "Vote.sol",
                "indexer.py",
            ),
        ),
        (
            proof,
            ("jobs.py", "worker.py", "encoding.py", "prover.py", "circuit.rs", "Game.sol", "verifier.rs", "verify.ts"),
        ),
    ):
        numbered = "\n".join(line for line in part.splitlines() if re.match(r"\d+\. ", line))
        assert [file for file in files if file not in numbered] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_commands_and_options_exist(document: Path) -> None:
    top = cli.parser(sorted(set(cli.HOOKS.values())))
    for command, rest in re.findall(
        r"(?:`|^|[ /])proofmate ([a-z]+(?:-[a-z]+)?)([^`\n#]*)", document.read_text(), re.MULTILINE
    ):
        parser = subparser(top, command)
        assert parser is not None, f"there is no command {command}"
        for inner in re.findall(r"^ ([a-z]+)", rest):
            parser = subparser(parser, inner) or parser
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(re.findall(r" (--[a-z-]+)", rest)) <= known, f"proofmate {command}{rest}"


def subparser(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser | None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found = action.choices.get(name)
            assert found is None or isinstance(found, argparse.ArgumentParser)
            return found
    return None


def test_operations_lists_every_setting() -> None:
    """The table is the one that the settings give: if this fails, paste what it prints into docs/operations.md."""

    def default(value: object) -> str:
        return "" if value in (None, "") else f"`{value.relative_to(ROOT) if value == FRONTEND else value}`"  # type: ignore

    rows = [
        f"| `{setting.upper()}` | {default(field.default)} | {field.description} |"
        for setting, field in Environment.model_fields.items()
    ]
    table = "\n".join(["| setting | default | what it is |", "|---|---|---|", *rows])
    text = (ROOT / "docs" / "operations.md").read_text()
    assert table in text, "docs/operations.md needs this table of settings:\n" + table
    named = set(re.findall(r"`([A-Z][A-Z_]+)[=`/]", text))
    files = {f"{secret.upper()}{part}_FILE" for secret in SECRETS for part in ("", "_PASSWORD")}
    assert named <= {setting.upper() for setting in Environment.model_fields} | files


def test_metrics_that_operations_names_are_measured() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    named = set(re.findall(r"proofmate_\w+", text))
    kept = "".join((ROOT / "server" / path).read_text() for path in ("metrics.py", "ops/shared.py"))
    missing = {one for one in named if f'"{one.removesuffix("_total")}"' not in kept and f'"{one[10:]}"' not in kept}
    assert named and not missing
