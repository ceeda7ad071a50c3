"""deploy/ names what exists: metrics, settings, processes, runbook entries. helm and kubeconform if installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import prometheus_client
import pytest

from server import metrics
from server.cli import parser
from server.ops.shared import SHARED
from server.settings import ROOT, SECRETS, Environment

assert metrics.requests  # registers what is looked up below
DEPLOY = ROOT / "deploy"
OWN = re.compile(r"\b(?:proofmate|process)_[a-z_]+")


def exported() -> set[str]:
    """Every metric's name as Prometheus stores it."""
    names = {f"proofmate_{name}" for name in SHARED}
    for family in prometheus_client.REGISTRY.collect():
        endings = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}.get(family.type, ("",))
        names |= {family.name + ending for ending in endings}
    return names


def rules() -> list[dict[str, str]]:
    """Name, expression, severity and summary of each alert."""
    text = (DEPLOY / "prometheus" / "alerts.yaml").read_text()
    form = (
        r"- alert: (\w+)\n\s+expr: (.+)\n(?:\s+for: \w+\n)?"
        r"\s+labels: {severity: (page|ticket)}\n\s+annotations: {summary: \"(.+)\"}"
    )
    names = ("alert", "expr", "severity", "summary")
    found = [dict(zip(names, match, strict=True)) for match in re.findall(form, text)]
    assert len(found) == text.count("- alert:"), "a rule has another form"
    return found


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    headings = re.findall(r"^### (Proofmate\w+)$", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in rules())


def test_alerts_and_dashboard_ask_for_metrics_that_are_exported() -> None:
    board = json.loads((DEPLOY / "grafana" / "proofmate.json").read_text())
    asked = [rule["expr"] for rule in rules()]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for expression in asked for name in OWN.findall(expression)}
    assert len(names) > 15 and names <= exported(), names - exported()
    shown = OWN.findall(" ".join(target["expr"] for panel in board["panels"] for target in panel["targets"]))
    assert {"proofmate_ballots_acknowledged_total", "proofmate_ballots_counted_total", "proofmate_relay_lost"} <= set(
        shown
    )
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_chart_sets_what_there_is() -> None:
    values = (DEPLOY / "helm" / "values.yaml").read_text()
    settings = {name.upper() for name in Environment.model_fields}
    given = re.findall(r"^  ([A-Z_]+):", values, re.MULTILINE)
    assert given and set(given) <= settings
    template = (DEPLOY / "helm" / "templates" / "deployments.yaml").read_text()
    set_there = set(re.findall(r"- \{name: ([A-Z_]+), value", template))
    assert set_there and set_there <= settings
    commands = next(action.choices for action in parser()._actions if action.choices)
    processes = dict(re.findall(r"^  (\w+):\n    replicas: .*\n    secrets: \[(.*)\]", values, re.MULTILINE))
    assert commands is not None and len(processes) == 6 and set(processes) <= set(commands)
    for name, listed in processes.items():
        secrets = {secret.replace("-", "_") for secret in listed.split(", ")}
        assert secrets <= set(SECRETS), name
        assert ("relay_key" in secrets) == (name == "relay") and ("receipt_key" in secrets) == (name == "api")


CHART = str(DEPLOY / "helm")
ALL = ["--set", "autoscaling.enabled=true"]


def template(*options: str) -> str:
    made = subprocess.run(["helm", "template", "x", CHART, *options], check=True, capture_output=True, text=True)
    return made.stdout


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")
def test_helm_finds_no_fault() -> None:
    subprocess.run(["helm", "lint", "--strict", CHART], check=True, capture_output=True)
    for options in ([], ALL):
        kinds = re.findall(r"^kind: (\w+)$", template(*options), re.MULTILINE)
        assert kinds.count("Deployment") == 6 and kinds.count("PodDisruptionBudget") == 5
        assert ("ScaledObject" in kinds) == bool(options)


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")
def test_numbers_of_a_values_file_stay_whole(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text("settings: {CHAIN_ID: 11155111, START_BLOCK: 6000000, RELAY_BUDGET: 0.5, LOCAL_VAULT: false}")
    made = template("--values", str(values))
    for name, value in (("CHAIN_ID", "11155111"), ("START_BLOCK", "6000000"), ("RELAY_BUDGET", "0.5")):
        assert made.count(f'{{name: {name}, value: "{value}"}}') == 6
    assert made.count('{name: LOCAL_VAULT, value: "false"}') == 6


@pytest.mark.skipif(None in (shutil.which("helm"), shutil.which("kubeconform")), reason="kubeconform is not installed")
def test_kubernetes_would_take_what_the_chart_makes() -> None:
    """KUBERNETES_SCHEMAS: kubeconform's -schema-location where its default one is out of reach."""
    places = ["-schema-location", os.environ.get("KUBERNETES_SCHEMAS", "default")]
    command = ["kubeconform", "-strict", "-summary", "-skip", "ScaledObject", *places]
    checked = subprocess.run(command, input=template(*ALL), capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
