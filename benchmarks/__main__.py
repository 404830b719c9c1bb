"""`python -m benchmarks [ID …]`: runs benchmarks and keeps their raw results.

Each is a function that returns what it measured, with its peer measured in the same run; machine,
versions, commit, load and size are added here. Each has a process of its own. Without ids all that
need no GPU and no hours run in small sizes, meant for twenty quiet minutes on two cores; results
are kept apart.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import capacity_page
from benchmarks.apart import result_of
from benchmarks.machine import circumstances, load
from benchmarks.page import page
from benchmarks.regression import warning
from benchmarks.size import SHARE
from cli.doctor.capacity import parse_costs

QUICK = {
    **{"P1": 0.25, "P2": 0.25, "P3": 0.25, "P4": 0.3, "P5": 0.3, "P6": 0.5, "P7": 0.3},
    **{"P8": 1.0, "P9": 1.0, "P10": 1.0, "P11": 0.05, "P12": 0.02, "P13": 0.05, "P14": 0.05},
}
"""What share of its work each does in the quick round."""
SCRIPTS = {
    "P1": "p1_predict:run",
    "P2": "p2_backends:run",
    "P3": "p3_machine:run",
    "P4": "p4_pipeline:run",
    "P5": "p5_distant_redis:run",
    "P6": "p6_whole_way:run",
    "P7": "p7_latency:run",
    "P8": "p8_intake:run",
    "P9": "p9_decide:run",
    "P10": "p10_backtest:run",
    "P11": "p11_training:run",
    "P12": "p12_memory:run",
    "P13": "scale:run",
    "P14": "console_scale:run",
    "G1": "g1_packed_gpu:run",
    "G2": "g2_whole_way_gpu:run",
    "Q1": "quality:goemotions_balanced",
    "Q1-fast": "quality:goemotions_fast",
    "Q1-best": "quality:goemotions_best",
    "Q2-fast": "quality:sumo_fast",
    "Q2-balanced": "quality:sumo_balanced",
    "Q2-best": "quality:sumo_best",
    "Q3": "quality:calibration",
    "Q4": "q4_cold_start:run",
    "Q5": "q5_exported:run",
    "Q6": "q6_false_storms:run",
    "S1": "s1_signature_timing:run",
}
RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
COSTS = ROOT / "cli" / "doctor" / "costs.json"
CAPACITY = ROOT / "docs" / "capacity.md"


def main(wanted: list[str]) -> int:
    """Runs the named benchmarks, or the quick round; prints one line each."""
    unknown = sorted(set(wanted) - set(SCRIPTS))
    if unknown:
        sys.stderr.write(f"unknown: {' '.join(unknown)}; there are {' '.join(SCRIPTS)}\n")
        return 2
    folder = RESULTS if wanted else RESULTS / "quick"
    folder.mkdir(parents=True, exist_ok=True)
    for name in wanted or QUICK:
        _measure(name, folder / f"{name}.json", share=None if wanted else QUICK[name])
    PAGE.write_text(page(RESULTS, RESULTS / "quick"))
    return 0


def _measure(name: str, file: Path, *, share: float | None) -> None:
    """One result: measured, compared with the last one, kept, told."""
    if share is not None:
        os.environ[SHARE] = str(share)
    result = _run(name)
    old = json.loads(file.read_text()) if file.exists() else None
    file.write_text(json.dumps(result, indent=2) + "\n")
    if name == "P13" and share is None:
        COSTS.write_text(json.dumps(result["costs"], indent=2) + "\n")
        CAPACITY.write_text(capacity_page.page(parse_costs(result["costs"])))
    sys.stdout.write(_line(result) + "\n")
    if told := warning(old, result):
        sys.stdout.write(f"WARNING {told}\n")
    sys.stdout.flush()


def _run(name: str) -> dict[str, Any]:
    """A result with its circumstances."""
    before, began = load(), time.monotonic()
    result = result_of(SCRIPTS[name])
    told = {
        "share": float(os.environ.get(SHARE, "1")),
        "load": [before, load()],
        "took_s": round(time.monotonic() - began),
    }
    return {**result, **told, **circumstances()}


def _line(result: dict[str, Any]) -> str:
    met = "met" if result["met"] else "NOT MET"
    return (
        f"{result['id']}: {result['value']} {result['unit']}; {result['peer']}: "
        f"{result['peer_value']}; ratio {result['ratio']}; target {result['target']}: {met}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
