"""What a benchmark reports: the machine, readable lines, and the tables of docs/benchmarks.md.

A table lies between two markers, `<!-- NAME: written by COMMAND -->` and `<!-- end of NAME -->`. A run replaces the
rows that it measured (by their first cell) and leaves the others, so each row says on which machine and day it was
measured.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Table:
    """Rows for the section `name`; the first cell of a row names it. `machine` and date are added as a last column."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def machine() -> dict[str, Any]:
    """What the figures were measured on, and how busy it was."""
    info = Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")), "unknown")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def write(document: Path, table: Table, measured_on: dict[str, Any]) -> None:
    """Renews the table's rows in the document.

    Raises OSError if it cannot be read or written, ValueError if it has no section of that name.
    """
    text = document.read_text()
    section = re.compile(
        rf"(<!-- {re.escape(table.name)}: [^>]*-->\n)(.*?)(<!-- end of {re.escape(table.name)} -->)", re.S
    )
    found = section.search(text)
    if found is None:
        raise ValueError(f"{document} has no section {table.name!r}: add its two markers, <!-- {table.name}: ... -->")
    where = (
        f"{measured_on['cores']} cores, {measured_on['cpu']}, load {measured_on['load_average']}; {measured_on['date']}"
    )
    new = {str(row[0]): _row([*row, where]) for row in table.rows}
    head = _row([*table.columns, "machine, date"])
    old = found[2].strip().splitlines()
    kept = {_first(line): line for line in old[2:]} if old and old[0] == head else {}
    lines = [head, _row(["---"] * (len(table.columns) + 1)), *(kept | new).values()]
    new_text = text[: found.start(2)] + "\n".join(lines) + "\n" + text[found.end(2) :]
    document.write_text(new_text)


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def _first(row: str) -> str:
    return row.split("|")[1].strip()


def lines(result: dict[str, Any], indent: str = "") -> Iterator[str]:
    """A result as readable lines."""
    for key, value in result.items():
        if isinstance(value, dict):
            yield f"{indent}{key}"
            yield from lines(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for entry in value:
                yield f"{indent}{key}"
                yield from lines(entry, indent + "  ")
        else:
            yield f"{indent}{key:<22} {value}"
