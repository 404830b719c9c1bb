"""`python -m benchmarks [ID …]`: runs benchmarks and keeps their raw results.

Each is a function that returns what it measured, with its peer measured in the same run. The
machine, the versions and the commit are added here. Without ids those run that take minutes.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import circumstances

QUICK = {"P1": "p1_predict:run", "P4": "p4_pipeline:run", "P9": "p9_decide:run"}
SCRIPTS = QUICK | {
    "P8": "p8_intake:run",
    "P10": "p10_backtest:run",
    "P2": "p2_backends:run",
    "P3": "p3_machine:run",
    "P6": "p6_whole_way:run",
    "P11": "p11_training:run",
    "Q1": "quality:goemotions_balanced",
    "Q1-fast": "quality:goemotions_fast",
    "Q1-best": "quality:goemotions_best",
    "Q2-fast": "quality:sumo_fast",
    "Q2-balanced": "quality:sumo_balanced",
    "Q2-best": "quality:sumo_best",
    "Q3": "quality:calibration",
    "P14": "console_scale:run",
    "Q4": "q4_cold_start:run",
    "Q5": "q5_exported:run",
}
RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main(wanted: list[str]) -> int:
    """Runs the named benchmarks, or the quick ones; prints one line each."""
    unknown = sorted(set(wanted) - set(SCRIPTS))
    if unknown:
        sys.stderr.write(f"unknown: {' '.join(unknown)}; there are {' '.join(SCRIPTS)}\n")
        return 2
    for name in wanted or list(QUICK):
        result = {**_run(name), **circumstances()}
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
        sys.stdout.write(_line(result) + "\n")
    PAGE.write_text(_page())
    return 0


def _run(name: str) -> dict[str, Any]:
    module, function = SCRIPTS[name].split(":")
    result: dict[str, Any] = getattr(importlib.import_module(f"benchmarks.{module}"), function)()
    return result


def _line(result: dict[str, Any]) -> str:
    met = "met" if result["met"] else "NOT MET"
    return (
        f"{result['id']}: {result['value']} {result['unit']}; {result['peer']}: "
        f"{result['peer_value']}; ratio {result['ratio']}; target {result['target']}: {met}"
    )


def _page() -> str:
    """The page in the docs: one row for each raw result."""
    rows = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench` from the raw results in `benchmarks/results/`; each peer was",
        "measured in the same run on the same machine. Ratios travel better than absolute figures.",
        "",
        "| id | ours | peer | ratio | target | met | machine, commit, day |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = "yes" if row["met"] else "no"
        lines.append(
            f"| {row['id']} | {row['value']} {row['unit']} | {row['peer']}: {row['peer_value']} "
            f"| {row['ratio']} | {row['target']} | {met} "
            f"| {row['machine']}, {row['commit']}, {row['at'][:10]} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
