"""What a run leaves for people and programs to read: metrics, a model card, one HTML page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from classifier.manifest import Facts
from core.text import text_hash
from trainer.evaluate import summary
from trainer.metrics import Metrics

HELD_OUT_FILE = "held_out.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything that a report tells.

    Attributes:
        name: of the model, for people.
        facts: where it came from.
        metrics: of the served network, on rows that nothing was chosen on.
        linear: of the linear model, on the same rows.
        measured_on: what those rows are, in words.
        held_out_texts: those rows, where they are part of the data given; only hashes are kept.
        history: one entry an epoch, where there were epochs.
        excluded: label to how many more positives it needs before it can be learned.
        notes: what the run decided, a line each.
        seconds: how long it took.
    """

    name: str
    facts: Facts
    metrics: Metrics
    linear: Metrics
    measured_on: str
    held_out_texts: Sequence[str]
    history: Sequence[Mapping[str, float]]
    excluded: Mapping[str, int]
    notes: Sequence[str]
    seconds: float

    def as_object(self) -> dict[str, Any]:
        """What `metrics.json` holds."""
        return {
            **self.metrics.as_object(),
            "linear": {**summary(self.linear), "per_label": self.linear.as_object()["per_label"]},
            "measured_on": self.measured_on,
            "history": [dict(entry) for entry in self.history],
            "excluded_labels": dict(self.excluded),
            "notes": list(self.notes),
            "seconds": round(self.seconds, 1),
        }


def write_reports(staging: Path, report: Report) -> None:
    """Writes `metrics.json`, `held_out.json`, `README.md` and `report.html` into a folder."""
    hashes = sorted(text_hash(text).hex() for text in report.held_out_texts)
    _write(staging / "metrics.json", json.dumps(report.as_object(), indent=1, ensure_ascii=False))
    _write(staging / HELD_OUT_FILE, json.dumps(hashes))
    pages = Environment(
        loader=PackageLoader("trainer"),
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for template, name in (("card.md", "README.md"), ("report.html", "report.html")):
        _write(staging / name, pages.get_template(template).render(_for_templates(report)))


def _for_templates(report: Report) -> dict[str, Any]:
    rows = [
        {"label": label, "ours": ours, "linear": report.linear.per_label.get(label)}
        for label, ours in report.metrics.per_label.items()
    ]
    return {
        "report": report,
        "facts": report.facts,
        "rows": sorted(rows, key=lambda row: -row["ours"].support),
        "summaries": {"model": summary(report.metrics), "linear": summary(report.linear)},
    }


def _write(path: Path, text: str) -> None:
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
