from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from server import cli
from server.settings import ROOT, Environment


def test_help_lists_every_command_and_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert raised.value.code == 0
    for command in (
        "up",
        "reset",
        "simulate",
        "create",
        "audit",
        "api",
        "indexer",
        "relay",
        "worker",
        "recorder",
        *cli.HOOKS,
    ):
        assert f"    {command} " in text
    for name in Environment.model_fields:
        assert name.upper() in text


@pytest.mark.parametrize("command", ["up", "reset", "simulate", "create", "audit", "api"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main([command, "--help"])
    assert raised.value.code == 0 and f"proofmate {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["play"], ["audit"], ["audit", "first"], ["create", "loss"], ["simulate", "--voters", "many"]]
)
def test_what_cannot_be_understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)
    assert raised.value.code == 2 and "usage: proofmate" in capsys.readouterr().err


def test_a_server_needs_neither_torch_nor_the_prover() -> None:
    modules = "server.cli, server.api.serve, server.processes.indexer, server.processes.relay"
    heavy = ("torch", "matplotlib", "ezkl", "sklearn", "engine._halo2")
    script = f"import sys, {modules}; sys.exit(', '.join(sys.modules.keys() & {set(heavy)}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_a_signal_ends_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli, "_reset", lambda options: os.kill(os.getpid(), signal.SIGTERM))
    assert cli.main(["reset"]) == 130
    assert signal.getsignal(signal.SIGTERM) == handler


INTERRUPTED = """
import builtins, os, signal, sys
from server import cli
assert not {"web3", "pydantic", "eth_account"} & set(sys.modules), "imported before anybody can interrupt it"
given = builtins.__import__
def interrupting(name, *arguments, **options):
    if name == "web3":
        os.kill(os.getpid(), signal.SIGINT)
    return given(name, *arguments, **options)
builtins.__import__ = interrupting
sys.exit(cli.main(["--help"]))
"""


def test_ctrl_c_during_the_imports_leaves_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
