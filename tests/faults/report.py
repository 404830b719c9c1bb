"""What a run of the suite found, as a table and as JSON: a row a scenario."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from tests.faults.invariants import Findings

RESULTS = Path(__file__).parent.parent.parent / "benchmarks" / "results" / "faults"
_HEAD = (
    ("scenario", 10), ("what", 46), ("tickets", 8), ("faults", 7), ("lost", 5), ("doubled", 8),
    ("redundant", 10), ("p50", 7), ("p99", 7), ("max", 7), ("rec.p50", 8), ("rec.max", 8),
    ("clients saw", 20),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One scenario. Times in seconds: from acceptance to decision, and from a fault to work again.

    `redundant` counts claims beyond the first of each ticket: work that was done again. `load` is
    that of the machine's last minute, `at` when the scenario ended.
    """

    scenario: str
    what: str
    tickets: int
    faults: int
    lost: int
    doubled: int
    redundant: int
    p50_s: float | None
    p99_s: float | None
    max_s: float | None
    recovery_p50_s: float | None
    recovery_max_s: float | None
    recoveries: int
    client_errors: dict[str, int]
    seed: int
    at: str
    load: float

    def cells(self) -> tuple[Any, ...]:
        saw = ", ".join(f"{name} {count}" for name, count in self.client_errors.items()) or "-"
        return (
            self.scenario, self.what, self.tickets, self.faults, self.lost, self.doubled,
            self.redundant, self.p50_s, self.p99_s, self.max_s, self.recovery_p50_s,
            self.recovery_max_s, saw,
        )  # fmt: skip


def outcome(
    name: tuple[str, str],
    findings: Findings,
    *,
    faults: int,
    recoveries: Sequence[float],
    client_errors: dict[str, int],
    seed: int,
) -> Outcome:
    """The row of a scenario from its findings."""
    took = sorted(row.took_s for row in findings.rows if row.decided)
    scenario, what = name
    return Outcome(
        scenario=scenario,
        what=what,
        tickets=len(findings.rows),
        faults=faults,
        lost=findings.count("I1 lost"),
        doubled=findings.count("I2 doubled"),
        redundant=sum(max(0, row.attempts - 1) for row in findings.rows),
        p50_s=_at(took, 0.5),
        p99_s=_at(took, 0.99),
        max_s=_at(took, 1.0),
        recovery_p50_s=_at(sorted(recoveries), 0.5),
        recovery_max_s=_at(sorted(recoveries), 1.0),
        recoveries=len(recoveries),
        client_errors=client_errors,
        seed=seed,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        load=round(psutil.getloadavg()[0], 1),
    )


def table(outcomes: Sequence[Outcome]) -> str:
    """For people."""
    lines = ["".join(name.ljust(width) for name, width in _HEAD)]
    for row in outcomes:
        cells = zip(row.cells(), _HEAD, strict=True)
        lines.append("".join(_shown(cell).ljust(width) for cell, (_, width) in cells))
    return "\n".join(lines)


def write(outcomes: Sequence[Outcome], *, size: str) -> Path:
    """For programs: `benchmarks/results/faults/SIZE.json`.

    A run of a few scenarios replaces those alone, so that a night's work can be done in parts.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{size}.json"
    rows = {(row.scenario, row.what): asdict(row) for row in outcomes}
    kept = json.loads(path.read_text(encoding="utf-8"))["scenarios"] if path.exists() else []
    others = [row for row in kept if (row["scenario"], row["what"]) not in rows]
    told = {
        "size": size,
        "machine": {
            "cores": psutil.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        "scenarios": sorted([*others, *rows.values()], key=lambda x: (x["scenario"], x["what"])),
    }
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path


def _at(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}"
    return "-" if cell is None else str(cell)
