"""The results of the benchmarks as tables of docs/benchmarks.md."""

from __future__ import annotations

from typing import Any

from bench.report import Table


def proofs(result: dict[str, Any]) -> Table:
    """One network's row."""
    name = result["network"].rsplit("/", 1)[-1].removesuffix(".safetensors")
    columns = ["network", "parameters", "k", *COSTS]
    return Table("prove", columns, [[name, f"{result['parameters']:,}", result["k"], *_costs(result)]])


COSTS = ["keys", "proof", "processor time", "peak memory", "proof bytes", "verify, calldata included", "verifier"]


def _costs(result: dict[str, Any]) -> list[str]:
    return [
        f"{result['key_seconds']:.1f} s",
        f"{result['prove_seconds_median']:.1f} s",
        f"{result['prove_cpu_seconds']:.1f} s",
        f"{result['peak_mb']:,} MB",
        f"{result['proof_bytes']:,}",
        f"{result['verify_gas']:,} gas",
        f"{result['runtime_code_bytes']:,} B",
    ]


def against(shape: dict[str, Any], figures: dict[str, dict[str, Any]]) -> Table:
    """One network by several provers."""
    rows = [
        [f"{shape['network']}, {kind}", f"{shape['parameters']:,}", result["k"], *_costs(result)]
        for kind, result in figures.items()
    ]
    return Table("prove --against", ["network, prover", "parameters", "k", *COSTS], rows)


def against_halo2(shape: dict[str, Any], figures: dict[str, Any]) -> Table:
    """One network by our prover and by halo2-axiom's: one row each, and the ratio."""
    names = {
        "key_cpu_seconds": "keys, processor time",
        "prove_cpu_seconds": "proof, processor time",
        "key_seconds": "keys",
        "prove_seconds": "proof",
    }
    rows = [
        [f"{shape['network']}, {prover}", figures["k"]]
        + [f"{figures[prover][name]:.1f} s" for name in names]
        + [f"{figures[prover]['peak_mb']:,} MB"]
        for prover in ("ours", "halo2")
    ]
    ratios = figures["ratios"]
    rows.append([f"{shape['network']}, ratio", "", *(f"{ratios[name]:.2f}" for name in (*names, "peak_mb"))])
    return Table("prove --against halo2", ["network, prover", "k", *names.values(), "peak memory"], rows)


def perceptrons(result: dict[str, Any]) -> Table:
    """A suite; of the networks that the prover refuses, why."""
    rows = []
    for row in result["networks"]:
        published = [f"{row['published_seconds']} s"] if row.get("published_seconds") else []
        published += [f"{row['published_gb']} GB"] if row.get("published_gb") else []
        measured = [f"refused: {row['refused']}", *[""] * len(COSTS)] if "refused" in row else [row["k"], *_costs(row)]
        parameters = f"{row['parameters']:,}" if "parameters" in row else ""
        rows.append([row["network"], parameters, *measured, ", ".join(published)])
    return Table(f"prove --suite {result['suite']}", ["perceptron", "parameters", "k", *COSTS, "published"], rows)


def rules(gas: dict[str, dict[str, int]]) -> Table:
    """Gas of each step of a move."""
    rows = [[step, *(f"{spread[key]:,}" for key in ("min", "median", "p99", "max"))] for step, spread in gas.items()]
    return Table("rules", ["step", "min", "median", "p99", "max"], rows)


def games(result: dict[str, Any]) -> Table:
    """Gas of each transaction, by the number of stakers."""
    by_stakers: dict[str, dict[str, Any]] = result["by stakers"]
    names = list(next(iter(by_stakers.values())))
    rows = [[name, *(_transaction(games[name]) for games in by_stakers.values())] for name in names]
    return Table("games", ["transaction", *map(_stakers, by_stakers)], rows)


def _stakers(count: str) -> str:
    return "1 staker" if count == "1" else f"{int(count):,} stakers"


def _transaction(gas: Any) -> str:
    """Gas of a transaction, or of a ballot in each of several batches: the call and its calldata."""
    if isinstance(gas, list):
        return "; ".join(f"{each['a ballot'] + each['its calldata']:,} a ballot of {each['ballots']}" for each in gas)
    return f"{gas:,}"


def crowd(result: dict[str, Any]) -> Table:
    """A crowd's vote on one ply."""
    name = f"{result['wallets']:,} wallets, blocks of {result['block_seconds']} s"
    if (streams := result.get("streams")) is not None:
        name += f", {streams['open']:,} streams"
    row = [
        name,
        *(f"{result[key]:,}" for key in ("acknowledged", "counted", "lost")),
        f"{sum(result['refused'].values()):,}",
        *(f"{result[key]:,.0f} ms" for key in ("ack_p50_ms", "ack_p99_ms")),
        f"{result['acks_per_second']:,}",
        f"{result['api_ms_per_ack']:.2f} ms",
        f"{result['gas_per_ballot']:,.0f}",
    ]
    columns = ["crowd", "acknowledged", "counted", "lost", "refused", "median", "p99", "a second"]
    return Table("server", [*columns, "api's processor time for one", "gas for one"], [row])
