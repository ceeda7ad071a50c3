"""Tables are renewed row by row between their markers, and nothing else of the document changes."""

from pathlib import Path

import pytest

from bench import report
from bench.report import Table

MACHINE = {"cpu": "A | B", "cores": 2, "load_average": 0.5, "date": "2026-11-25"}
HERE = "2 cores, A / B, load 0.5; 2026-11-25"
TEXT = """# Title
<!-- prove: how -->
<!-- end of prove -->
after <!-- prove --suite: how -->
<!-- end of prove --suite -->
"""


def test_rows_are_renewed_by_name(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(TEXT)
    report.write(path, Table("prove", ["network", "gas"], [["a", 1], ["b", 2]]), MACHINE)
    report.write(path, Table("prove", ["network", "gas"], [["b", 3]]), MACHINE | {"date": "2027-01-01"})
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# Title", "<!-- prove: how -->"] and lines[6:] == TEXT.splitlines()[2:]
    assert lines[2:6] == [
        "| network | gas | machine, date |",
        "| --- | --- | --- |",
        f"| a | 1 | {HERE} |",
        f"| b | 3 | {HERE.replace('2026-11-25', '2027-01-01')} |",
    ]


def test_other_columns_replace_the_table(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(TEXT)
    report.write(path, Table("prove", ["network", "gas"], [["a", 1]]), MACHINE)
    report.write(path, Table("prove", ["network", "seconds"], [["b", 3]]), MACHINE)
    text = path.read_text()
    assert "| a |" not in text and f"| b | 3 | {HERE} |" in text


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.md"
    path.write_text(TEXT)
    with pytest.raises(ValueError, match="no section 'page'"):
        report.write(path, Table("page", ["a"], [["b"]]), MACHINE)
    assert path.read_text() == TEXT
