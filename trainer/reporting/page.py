"""The parts of a report that only its page has: pictures, confused pairs, the worst mistakes.

What a curve looks like is `trainer.reporting.pictures`'s matter; here is decided what is shown.

Shapes: b tickets, l labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.text import text_hash
from trainer.measure.answers import Answers, confusion, correlation

if TYPE_CHECKING:
    from trainer.reporting.pictures import Picture

# Drawing takes 0.05 s a panel, and nobody reads a hundred of them.
MAX_PANELS, MAX_THRESHOLD_PANELS, MAX_CELLS = 32, 10, 40
WORST, MOST_CONFUSED = 12, 8
_SHOWN_CHARS = 600
_ALONG = ("epoch", "rows", "step")


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


def page_parts(
    model: Answers,
    linear: Answers,
    texts: Sequence[str],
    history: Sequence[Mapping[str, float]],
    *,
    show_text: bool,
) -> dict[str, Any]:
    """What the page alone shows, by the names that its template knows.

    Args:
        model: answers of the served network, b rows.
        linear: of the linear model, on the same rows.
        texts: b of them.
        history: one entry an epoch, where there were epochs.
        show_text: whether the tickets that the model got most wrong may be quoted.
    """
    frequent = _frequent(model)
    common = [label for label in model.labels if label in frequent[:MAX_CELLS]]
    return {
        "panels": _panels(model, linear, frequent),
        "maps": _maps(model.only(common)) if common else [],
        "confused": _confused(model),
        "mistakes": mistakes(model, texts, show_text=show_text),
        "courses": _courses(history),
    }


def _frequent(answers: Answers) -> list[str]:
    """Labels that occur, most frequent first."""
    support = answers.truth.sum(axis=0, dtype=np.int64)
    order = np.argsort(-support, kind="stable")
    return [answers.labels[i] for i in order if support[i]]


def _panels(model: Answers, linear: Answers, frequent: Sequence[str]) -> dict[str, list["Picture"]]:
    """Curves of the most frequent labels."""
    # Half a second that commands without pictures need not wait for.
    from trainer.reporting import pictures  # noqa: PLC0415

    metrics, shown = model.measure(), frequent[:MAX_PANELS]
    places = {label: model.labels.index(label) for label in shown}
    truth = {label: model.truth[:, i] for label, i in places.items()}
    ours = {label: model.scores[:, i] for label, i in places.items()}
    theirs = {label: linear.scores[:, i] for label, i in places.items()}
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
    from trainer.reporting.pictures import heat_map  # noqa: PLC0415  (as above)

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
    from trainer.reporting.pictures import course  # noqa: PLC0415  (as above)

    names = [name for name in history[0] if name not in _ALONG]
    complete = [name for name in names if all(name in entry for entry in history)]
    return [course(name, history, over) for name in complete]


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
