"""docs/benchmarks.md, made from the raw results alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Result = Mapping[str, Any]
_HEAD = """\
# Benchmarks

Made by `make bench` from the raw results in `benchmarks/results/`, which also hold versions,
sizes and details. Each peer was measured in the same run on the same machine: ratios travel
better than absolute figures, and an absolute target that was missed on a busy machine says
little. *Load* is how many processes wanted one of the machine's processors before and after, ours
among them; a `+` behind a commit means changes on top of it; *size* is the share of the whole
work that was done. `make bench` warns when a ratio is more than 15 % worse than that of the last
result of the same size. How much hardware a load needs is in [capacity.md](capacity.md); what
bounds the targets that are missed, in [decision 12](decisions/0012-what-bounds-speed.md).

**G1 and G2 have not been run: no GPU could be had.** `make bench-gpu` runs them, and a test runs
the same scripts on a CPU, in small.
"""
_COLUMNS = ("id", "ours", "peer", "ratio", "target", "met", "size", "load", "machine, commit, day")


def page(whole: Path, quick: Path) -> str:
    """The page: results in full size (or the share that they tell), then those of `make bench`."""
    lines = [_HEAD, "## In full", "", *_table(_results(whole))]
    if found := _results(quick):
        lines += ["", "## The quick round of `make bench`", "", *_table(found)]
    return "\n".join(lines) + "\n"


def _results(folder: Path) -> list[Result]:
    """In the order of their ids: P2 before P10."""
    found = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return sorted(found, key=lambda row: (row["id"][0], _number(row["id"]), row["id"]))


def _number(name: str) -> int:
    return int("".join(filter(str.isdigit, name.partition("-")[0])))


def _table(rows: Sequence[Result]) -> list[str]:
    head = [f"| {' | '.join(_COLUMNS)} |", "|---" * len(_COLUMNS) + "|"]
    return [*head, *map(_row, rows)]


def _row(row: Result) -> str:
    load = row.get("load")
    cells = (
        row["id"],
        f"{row['value']} {row['unit']}",
        f"{row['peer']}: {row['peer_value']}",
        row["ratio"],
        row["target"],
        "yes" if row["met"] else "no",
        f"{row.get('share', 1.0):.0%}",
        f"{load[0]}, {load[1]}" if load else "",
        f"{row['machine']}, {row['commit']}, {row['at'][:10]}",
    )
    return f"| {' | '.join(map(str, cells))} |"
