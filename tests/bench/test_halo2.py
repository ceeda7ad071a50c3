"""Our prover beside halo2-axiom's: both are measured, and the table says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import halo2
from engine.policy import Network
from tests.bench.test_command import run

DOCUMENT = """
<!-- prove --against halo2: written by proofmate bench prove --against halo2 -->
<!-- end of prove --against halo2 -->
"""


@pytest.mark.slow
def test_both_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, document = tmp_path / "tiny.safetensors", tmp_path / "benchmarks.md"
    Network.random("tiny", 15, 8, 2, 1, 12, 512).save(file)
    document.write_text(DOCUMENT)
    assert run(document, "prove", "--against", "halo2", "--network", str(file), "--runs", "1", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    for prover in halo2.PROVERS:
        assert result[prover]["prove_cpu_seconds"] > 0 and 10 < result[prover]["peak_mb"] < 2000
    expected = result["halo2"]["prove_cpu_seconds"] / result["ours"]["prove_cpu_seconds"]
    assert result["ratios"]["prove_cpu_seconds"] == pytest.approx(expected, abs=0.01)
    assert "tiny.safetensors, ratio |" in document.read_text()


def test_what_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"cargo cannot be started .* is Rust installed"):
        halo2.pair(tmp_path / "network", 1)
