"""Results become rows: each figure with its unit, the first cell a name by which a later run finds the row."""

from __future__ import annotations

from typing import Any

from bench import tables

RESULT: dict[str, Any] = {
    "network": "/somewhere/tiny.safetensors",
    "parameters": 12_345,
    "k": 14,
    "key_seconds": 0.25,
    "prove_seconds_median": 1.04,
    "prove_cpu_seconds": 2.06,
    "peak_mb": 1_234,
    "proof_bytes": 2_048,
    "verify_gas": 404_321,
    "runtime_code_bytes": 6_630,
}
COSTS = ["0.2 s", "1.0 s", "2.1 s", "1,234 MB", "2,048", "404,321 gas", "6,630 B"]


def test_a_network_is_named_without_its_folder() -> None:
    table = tables.proofs(RESULT)
    assert table.name == "prove" and len(table.columns) == len(table.rows[0])
    assert list(table.rows[0]) == ["tiny", "12,345", 14, *COSTS]


def test_provers_are_rows_of_one_network() -> None:
    table = tables.against({"network": "tiny", "parameters": 5}, {"native": RESULT, "ezkl": {**RESULT, "k": 17}})
    assert [row[:3] for row in table.rows] == [["tiny, native", "5", 14], ["tiny, ezkl", "5", 17]]


def test_a_ratio_stands_below_what_it_compares() -> None:
    names = ("key_cpu_seconds", "prove_cpu_seconds", "key_seconds", "prove_seconds")
    ours = {**dict.fromkeys(names, 2.0), "peak_mb": 500}
    theirs = {**dict.fromkeys(names, 3.0), "peak_mb": 1_000}
    ratios = {**dict.fromkeys(names, 1.5), "peak_mb": 2.0}
    table = tables.against_halo2({"network": "tiny"}, {"k": 14, "ours": ours, "halo2": theirs, "ratios": ratios})
    assert [row[0] for row in table.rows] == ["tiny, ours", "tiny, halo2", "tiny, ratio"]
    assert list(table.rows[2][2:]) == ["1.50"] * 4 + ["2.00"]
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_what_was_refused_says_why() -> None:
    rows = [
        {**RESULT, "network": "784-56-10", "published_seconds": 5, "published_gb": 0.18},
        {**RESULT, "network": "4-5-3", "published_seconds": 2, "published_gb": None},
        {"network": "huge", "refused": "layer 0: too wide"},
    ]
    table = tables.perceptrons({"suite": "depth", "networks": rows})
    assert [(row[0], row[-1]) for row in table.rows] == [("784-56-10", "5 s, 0.18 GB"), ("4-5-3", "2 s"), ("huge", "")]
    assert "refused: layer 0: too wide" in table.rows[2]


def test_gas_of_moves_and_of_games() -> None:
    table = tables.rules({"play": {"min": 1_000, "median": 2_000, "p99": 3_000, "max": 4_000}})
    assert list(table.rows[0]) == ["play", "1,000", "2,000", "3,000", "4,000"]
    game = {"stake": 90_000, "batches": [{"ballots": 100, "a ballot": 9_000, "its calldata": 1_100}] * 2}
    table = tables.games(
        {"by stakers": {"1": game, "10000": game}, "network's move, in all": {"moves": 7, "median": 600_000}}
    )
    assert list(table.columns) == ["transaction", "1 staker", "10,000 stakers"]
    assert list(table.rows[0]) == ["stake", "90,000", "90,000"]
    assert list(table.rows[1][1:]) == ["10,100 a ballot of 100; 10,100 a ballot of 100"] * 2
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_a_crowd_is_named_by_its_size_blocks_and_streams() -> None:
    figures = {"acknowledged": 990, "counted": 990, "lost": 0, "refused": {"429 full": 9, "503 relay": 1}}
    times = {"ack_p50_ms": 20.4, "ack_p99_ms": 1_234.5, "acks_per_second": 800, "api_ms_per_ack": 0.98}
    result = {"wallets": 1_000, "block_seconds": 2, "gas_per_ballot": 13_134.69, **figures, **times}
    table = tables.crowd(result)
    row = ["1,000 wallets, blocks of 2 s", "990", "990", "0", "10", "20 ms", "1,234 ms", "800", "0.98 ms", "13,135"]
    assert [*table.rows[0]] == row and len(table.columns) == len(row)
    assert tables.crowd({**result, "streams": {"open": 2_000}}).rows[0][0].endswith(", 2,000 streams")
