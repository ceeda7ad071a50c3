"""Our prover beside halo2-axiom's `create_proof`, on the same circuit, in one process, by turns.

The Rust example `engine/halo2/examples/pair.rs` does the work; it is built by the first run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STEPS = 4
"""Steps of `pair`: the build, the run by turns, and each prover alone."""
PROVERS = ("ours", "halo2")


def pair(network: Path, runs: int, report: Callable[[int, str], None] = lambda done, step: None) -> dict[str, Any]:
    """Seconds (wall clock and processor) of keys and proofs by both provers, their ratios, and each one's peak memory.

    Raises RuntimeError if the example cannot be built or fails.
    """
    report(0, "build")
    manifest = ROOT / "engine" / "halo2" / "Cargo.toml"
    _run("cargo", "build", "--quiet", "--release", "--example", "pair", "--manifest-path", str(manifest))
    program = str(manifest.parent / "target" / "release" / "examples" / "pair")
    report(1, "both by turns")
    both = json.loads(_run(program, str(network), str(runs), "both"))
    figures: dict[str, Any] = {"k": both["k"], "rows": both["rows"]}
    for place, prover in enumerate(PROVERS):
        report(2 + place, f"{prover} alone")
        alone = json.loads(_run(program, str(network), "1", prover))
        keys, proof = both["timings"][f"{prover}_keys"], both["timings"][f"{prover}_proof"]
        figures[prover] = {
            "key_seconds": _median(keys, 0),
            "key_cpu_seconds": _median(keys, 1),
            "prove_seconds": _median(proof, 0),
            "prove_cpu_seconds": _median(proof, 1),
            "peak_mb": alone["peak_mb"],
        }
    ours, halo2 = (figures[prover] for prover in PROVERS)
    figures["ratios"] = {name: round(halo2[name] / ours[name], 2) for name in ours}
    report(STEPS, "done")
    return figures


def _median(runs: list[list[float]], place: int) -> float:
    return round(statistics.median(run[place] for run in runs), 2)


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RuntimeError(f"{command[0]} cannot be started ({error.strerror}): is Rust installed?") from None
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip().rpartition(chr(10))[2]}")
    return done.stdout
