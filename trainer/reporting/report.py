"""What a run leaves for people and programs to read: metrics, a model card, one HTML page.

The text of tickets stays out of all of them unless a caller asks for it: a report is sent around.

Shapes: b tickets, l labels.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from classifier.manifest import Facts
from core.text import text_hash
from trainer.measure.answers import Answers, GroupFigures, by_label_group, by_language
from trainer.measure.bootstrap import Difference, Interval, mean_interval
from trainer.measure.compare import Comparison, contrast
from trainer.measure.evaluate import as_objects, summary
from trainer.measure.metrics import Metrics
from trainer.reporting.ablation import Ablation
from trainer.reporting.page import page_parts

HELD_OUT_FILE = "held_out.json"
_NAMES = {
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "subset_accuracy": "exact matches",
    "ece": "calibration error",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything that a report tells.

    Attributes:
        name: of the model, for people.
        facts: where it came from.
        model: answers of the served network, on rows that nothing was chosen on.
        linear: answers of the linear model, on the same rows.
        texts: those rows, b of them.
        measured_on: what those rows are, in words.
        inside: whether they are part of the data given; then their hashes are kept.
        history: one entry an epoch, where there were epochs.
        excluded: label to how many more positives it needs before it can be learned.
        notes: what the run decided, a line each.
        seconds: how long it took.
        languages: of the rows, b of them, or () where nobody told.
        departments: true and predicted ones, b of each, where rules were tried.
        ablation: what each loss would be worth on rare labels; None where it was not tried.
    """

    name: str
    facts: Facts
    model: Answers
    linear: Answers
    texts: Sequence[str]
    measured_on: str
    inside: bool
    history: Sequence[Mapping[str, float]]
    excluded: Mapping[str, int]
    notes: Sequence[str]
    seconds: float
    languages: Sequence[str] = ()
    departments: tuple[Sequence[str], Sequence[str]] | None = None
    ablation: Ablation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What was found out for a report, each once.

    Attributes:
        found: the linear model first, the network second.
        by_language: {} where nobody told.
        by_label_group: {} where labels have no kinds.
        department_accuracy: None where no rules were tried.
    """

    found: Comparison
    by_language: Mapping[str, GroupFigures]
    by_label_group: Mapping[str, GroupFigures]
    department_accuracy: Interval | None


def write_reports(staging: Path, report: Report, *, show_text: bool = False) -> None:
    """Writes `metrics.json`, `held_out.json`, `README.md` and `report.html` into a folder.

    Args:
        staging: the folder.
        report: what to tell.
        show_text: whether the page may quote the tickets that the model got most wrong.
    """
    found = study(report)
    hashes = sorted(text_hash(text).hex() for text in report.texts) if report.inside else []
    _write(
        staging / "metrics.json", json.dumps(_object(report, found), indent=1, ensure_ascii=False)
    )
    _write(staging / HELD_OUT_FILE, json.dumps(hashes))
    pages = _pages()
    told = _told(report, found)
    parts = page_parts(
        report.model, report.linear, report.texts, report.history, show_text=show_text
    )
    card = pages.get_template("card.md").render(told)
    page = pages.get_template("report.html").render({**told, **parts})
    _write(staging / "README.md", card)
    _write(staging / "report.html", page)


def study(report: Report) -> Study:
    """Measures what the report tells."""
    model, told = report.model, report.departments
    return Study(
        found=contrast(report.linear, model),
        by_language=by_language(model, report.languages) if report.languages else {},
        by_label_group=by_label_group(model),
        department_accuracy=mean_interval(np.array(told[0]) == np.array(told[1])) if told else None,
    )


def verdict(gained: Difference) -> str:
    """Whether the network is worth more than the linear model, in one sentence.

    Args:
        gained: macro-F1 of the network minus the linear model's.
    """
    size = f"{abs(gained.value):.3f}"
    bounds = f"95 % interval of the difference {gained.low:+.3f} to {gained.high:+.3f}"
    if gained.low > 0:
        return f"The network beats the linear model: macro-F1 is {size} higher ({bounds})."
    if gained.high < 0:
        return f"The network does not beat the linear model: macro-F1 is {size} lower ({bounds})."
    return (
        "The network does not beat the linear model beyond chance: "
        f"macro-F1 differs by {gained.value:+.3f} ({bounds})."
    )


def _object(report: Report, found: Study) -> dict[str, Any]:
    """What `metrics.json` holds."""
    linear = found.found.first
    accuracy = found.department_accuracy
    return {
        **found.found.second.metrics.as_object(),
        "coverage": found.found.second.coverage,
        "intervals": as_objects(found.found.second.intervals),
        "linear": {
            **summary(linear.metrics),
            "per_label": linear.metrics.as_object()["per_label"],
            "intervals": as_objects(linear.intervals),
        },
        "gained": as_objects(found.found.figures),
        "by_language": as_objects(found.by_language),
        "by_label_group": as_objects(found.by_label_group),
        "department_accuracy": asdict(accuracy) if accuracy else None,
        "measured_on": report.measured_on,
        "ablation": asdict(report.ablation) if report.ablation else None,
        "history": [dict(entry) for entry in report.history],
        "excluded_labels": dict(report.excluded),
        "notes": list(report.notes),
        "seconds": round(report.seconds, 1),
    }


def _pages() -> Environment:
    return Environment(
        loader=PackageLoader("trainer"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _told(report: Report, found: Study) -> dict[str, Any]:
    """What card and page have in common."""
    judged = found.found.second
    return {
        "report": report,
        "facts": report.facts,
        "found": found,
        "n": judged.metrics.n,
        "verdict": verdict(found.found.figures["macro_f1"]),
        "beaten": found.found.figures["macro_f1"].low > 0,
        "figures": list(_figures(found.found)),
        "rows": _label_rows(found.found),
        "groups": {"language": found.by_language, "kind of label": found.by_label_group},
    }


def _figures(found: Comparison) -> Iterator[dict[str, Any]]:
    """Each figure of the summary; one without an interval is its own bounds."""
    ours, linear = found.second, found.first
    for name, words in _NAMES.items():
        yield {
            "name": words,
            "ours": ours.intervals.get(name) or _point(ours.metrics, name),
            "linear": linear.intervals.get(name) or _point(linear.metrics, name),
            "bounded": name in ours.intervals,
        }


def _point(metrics: Metrics, name: str) -> Interval:
    value = getattr(metrics, name)
    return Interval(value=value, low=value, high=value)


def _label_rows(found: Comparison) -> list[dict[str, Any]]:
    ours, linear = found.second, found.first
    rows = [
        {
            "label": label,
            "ours": metrics,
            "f1": ours.label_f1[label],
            "linear": linear.metrics.per_label[label],
            "gained": found.per_label[label],
            "ece": ours.metrics.ece_per_label[label],
        }
        for label, metrics in ours.metrics.per_label.items()
    ]
    return sorted(rows, key=lambda row: -row["ours"].support)


def _write(path: Path, text: str) -> None:
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
