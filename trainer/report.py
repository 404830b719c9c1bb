"""What a run leaves for people and programs to read: metrics, a model card, one HTML page.

The text of tickets stays out of all of them unless a caller asks for it: a report is sent around.
What a curve looks like is `trainer.pictures`'s matter; here is decided what is shown.

Shapes: b tickets, l labels.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from classifier.manifest import Facts
from core.text import text_hash
from trainer.bootstrap import Difference, Interval, mean_interval
from trainer.compare import Comparison, contrast
from trainer.evaluate import (
    Answers,
    GroupFigures,
    as_objects,
    by_label_group,
    by_language,
    confusion,
    correlation,
    summary,
)
from trainer.metrics import Metrics

if TYPE_CHECKING:
    from trainer.pictures import Picture

HELD_OUT_FILE = "held_out.json"
# Drawing takes 0.05 s a panel, and nobody reads a hundred of them.
MAX_PANELS, MAX_THRESHOLD_PANELS, MAX_CELLS = 32, 10, 40
WORST, MOST_CONFUSED = 12, 8
_SHOWN_CHARS = 600
_NAMES = {
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "subset_accuracy": "exact matches",
    "ece": "calibration error",
}
_ALONG = ("epoch", "rows", "step")


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
        ablation: one entry a variant, the first key naming it.
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
    ablation: Sequence[Mapping[str, str | float]] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One ticket that the model got wrong; label to score.

    Attributes:
        id: the first 12 hex digits of the text's SHA-256.
        missed: true and not predicted.
        wrong: predicted and not true.
        right: true and predicted.
        text: its beginning; None unless asked for.
    """

    id: str
    missed: Mapping[str, float]
    wrong: Mapping[str, float]
    right: Mapping[str, float]
    text: str | None


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
    card = pages.get_template("card.md").render(told)
    page = pages.get_template("report.html").render({**told, **_shown(report, show_text)})
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


def mistakes(
    answers: Answers, texts: Sequence[str], count: int = WORST, *, show_text: bool = False
) -> list[Mistake]:
    """The tickets with a wrong prediction whose truth the scores found least likely, each once.

    Args:
        answers: b rows.
        texts: b of them.
        count: how many at most.
        show_text: whether to quote them.
    """
    scores = np.clip(answers.scores.astype(np.float64), 1e-6, 1 - 1e-6)
    loss = -np.log(np.where(answers.truth, scores, 1 - scores)).sum(axis=1)  # (b)
    failed = (answers.truth != answers.predicted).any(axis=1)
    order = np.argsort(np.where(failed, -loss, np.inf), kind="stable")[: int(failed.sum())]
    worst: dict[str, int] = {}
    for row in order:
        worst.setdefault(texts[row], int(row))
    rows = list(worst.values())[:count]
    return [_mistake(answers, row, texts[row], show_text) for row in rows]


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
        "history": [dict(entry) for entry in report.history],
        "excluded_labels": dict(report.excluded),
        "notes": list(report.notes),
        "seconds": round(report.seconds, 1),
    }


def _pages() -> Environment:
    return Environment(
        loader=PackageLoader("trainer"),
        autoescape=lambda name: bool(name and name.endswith(".html")),
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


def _shown(report: Report, show_text: bool) -> dict[str, Any]:
    """What the page alone shows."""
    frequent = _frequent(report.model)
    common = [label for label in report.model.labels if label in frequent[:MAX_CELLS]]
    return {
        "panels": _panels(report, frequent),
        "maps": _maps(report.model.only(common)) if common else [],
        "confused": _confused(report.model),
        "mistakes": mistakes(report.model, report.texts, show_text=show_text),
        "courses": _courses(report.history),
        "variants": _variants(report.ablation),
    }


def _frequent(answers: Answers) -> list[str]:
    """Labels that occur, most frequent first."""
    support = answers.truth.sum(axis=0, dtype=np.int64)
    order = np.argsort(-support, kind="stable")
    return [answers.labels[i] for i in order if support[i]]


def _panels(report: Report, frequent: Sequence[str]) -> dict[str, list["Picture"]]:
    """Curves of the most frequent labels."""
    # Half a second that commands without pictures need not wait for.
    from trainer import pictures  # noqa: PLC0415

    model, metrics = report.model, report.model.measure()
    shown = frequent[:MAX_PANELS]
    places = {label: model.labels.index(label) for label in shown}
    truth = {label: model.truth[:, i] for label, i in places.items()}
    ours = {label: model.scores[:, i] for label, i in places.items()}
    theirs = {label: report.linear.scores[:, i] for label, i in places.items()}
    at = {
        label: (metrics.per_label[label].recall, metrics.per_label[label].precision)
        for label in shown
    }
    return {
        "precision": [
            pictures.precision_recall(label, truth[label], ours[label], theirs[label], at[label])
            for label in shown
        ],
        "reliability": [
            pictures.reliability(label, truth[label], ours[label], metrics.ece_per_label[label])
            for label in shown
        ],
        "thresholds": [
            pictures.threshold_curves(
                label, truth[label], ours[label], model.thresholds.by_label[label]
            )
            for label in shown[:MAX_THRESHOLD_PANELS]
        ],
    }


def _maps(answers: Answers) -> list["Picture"]:
    from trainer.pictures import heat_map  # noqa: PLC0415  (as above)

    together = correlation(answers.truth)
    np.fill_diagonal(together, 0)
    return [
        heat_map(
            "Labels that go together",
            "Correlation of every two labels on these tickets; the pairs are in the text as well",
            together,
            answers.labels,
        ),
        heat_map(
            "Predicted instead",
            "Of tickets whose label was missed, the share that got another label wrongly",
            confusion(answers)[1],
            answers.labels,
        ),
    ]


def _confused(answers: Answers) -> list[dict[str, Any]]:
    """The pairs that most tickets were lost to."""
    tickets, share = confusion(answers)
    order = np.argsort(-tickets, axis=None, kind="stable")[:MOST_CONFUSED]
    pairs = [np.unravel_index(place, tickets.shape) for place in order]
    return [
        {
            "missed": answers.labels[missed],
            "instead": answers.labels[instead],
            "tickets": int(tickets[missed, instead]),
            "share": float(share[missed, instead]),
        }
        for missed, instead in pairs
        if tickets[missed, instead]
    ]


def _courses(history: Sequence[Mapping[str, float]]) -> list["Picture"]:
    """One picture a figure that every entry has."""
    over = next((key for key in _ALONG if all(key in entry for entry in history)), None)
    if not history or over is None:
        return []
    from trainer.pictures import course  # noqa: PLC0415  (as above)

    names = [name for name in history[0] if name not in _ALONG]
    complete = [name for name in names if all(name in entry for entry in history)]
    return [course(name, history, over) for name in complete]


def _variants(ablation: Sequence[Mapping[str, str | float]]) -> dict[str, list[Any]]:
    """Head and rows of the ablation table; {} where there is none."""
    if not ablation:
        return {}
    head = list(ablation[0])
    return {"head": head, "rows": [[entry.get(name, "") for name in head] for entry in ablation]}


def _mistake(answers: Answers, row: int, text: str, show_text: bool) -> Mistake:
    truth, predicted = answers.truth[row] > 0, answers.predicted[row] > 0
    scored = partial(_scored, answers.labels, answers.scores[row])
    return Mistake(
        id=text_hash(text).hex()[:12],
        missed=scored(truth & ~predicted),
        wrong=scored(predicted & ~truth),
        right=scored(truth & predicted),
        text=text[:_SHOWN_CHARS] if show_text else None,
    )


def _scored(
    labels: Sequence[str], scores: NDArray[np.floating[Any]], chosen: NDArray[np.bool_]
) -> dict[str, float]:
    """Label to score of the labels chosen, the surest first."""
    order = np.argsort(-scores, kind="stable")
    return {labels[i]: float(scores[i]) for i in order if chosen[i]}


def _write(path: Path, text: str) -> None:
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
