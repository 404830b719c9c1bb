"""What a model said about labelled rows, and how that divides by language and by kind of label.

Shapes: b tickets, l labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.scoring import Thresholds
from core.types import Ticket
from trainer.data.split import Rows
from trainer.measure.bootstrap import Array
from trainer.measure.metrics import Counts, Marks, Metrics, Scores, measure_predicted, ratio

UNTOLD = "not told"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What one model said about b rows, and what is true of them.

    Attributes:
        truth: 0 and 1, shape (b, l).
        scores: calibrated, in [0, 1], shape (b, l).
        predicted: 0 and 1, shape (b, l).
        thresholds: their order is the label order.
    """

    truth: Marks
    scores: Scores
    predicted: Marks
    thresholds: Thresholds

    @classmethod
    def of(cls, truth: Marks, scores: Scores, thresholds: Thresholds) -> "Answers":
        """Answers of a model whose predictions follow from its scores."""
        predicted = thresholds.predicted(scores)
        return cls(truth=truth, scores=scores, predicted=predicted, thresholds=thresholds)

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order."""
        return tuple(self.thresholds.by_label)

    @property
    def coverage(self) -> float:
        """Share of tickets with at least one predicted label, in [0, 1]."""
        return float(self.predicted.any(axis=1).mean()) if len(self.truth) else 0.0

    def measure(self) -> Metrics:
        """The figures on all rows."""
        return measure_predicted(self.truth, self.scores, self.predicted, self.thresholds)

    def take(self, rows: Rows) -> "Answers":
        """Some of the rows."""
        parts = (self.truth[rows], self.scores[rows], self.predicted[rows])
        return Answers(
            truth=parts[0], scores=parts[1], predicted=parts[2], thresholds=self.thresholds
        )

    def only(self, labels: Sequence[str]) -> "Answers":
        """All rows with some of the labels, in the order given."""
        columns = [self.labels.index(label) for label in labels]
        return Answers(
            truth=self.truth[:, columns],
            scores=self.scores[:, columns],
            predicted=self.predicted[:, columns],
            thresholds=Thresholds(by_label={n: self.thresholds.by_label[n] for n in labels}),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """A part of the rows or of the labels; the shares are in [0, 1].

    Attributes:
        tickets: rows of the part that are in it: all of a language, those with a label of a kind.
        labels: how many occur there, as truth or as prediction; the macro average is over these.
    """

    tickets: int
    labels: int
    micro_f1: float
    macro_f1: float
    subset_accuracy: float
    coverage: float

    @classmethod
    def of(cls, answers: Answers, tickets: int) -> "GroupFigures":
        """Measures a part."""
        counts = Counts.of(answers.truth, answers.predicted)
        occurring = counts.predicted + counts.actual > 0
        exact = (answers.truth == answers.predicted).all(axis=1)
        return cls(
            tickets=tickets,
            labels=int(occurring.sum()),
            micro_f1=counts.micro_f1,
            macro_f1=float(counts.f1[occurring].mean()) if occurring.any() else 0.0,
            subset_accuracy=float(exact.mean()) if len(exact) else 0.0,
            coverage=answers.coverage,
        )


def by_language(answers: Answers, languages: Sequence[str]) -> dict[str, GroupFigures]:
    """Figures of each language, most tickets first.

    Args:
        answers: b rows.
        languages: b of them; empty where the row does not tell.
    """
    named = np.array([language or UNTOLD for language in languages], dtype=object)
    figures = {
        str(name): GroupFigures.of(answers.take(np.flatnonzero(named == name)), int(count))
        for name, count in zip(*np.unique(named, return_counts=True), strict=True)
    }
    return dict(sorted(figures.items(), key=lambda item: -item[1].tickets))


def by_label_group(answers: Answers) -> dict[str, GroupFigures]:
    """Figures of each kind of label: what stands before the first colon; {} where none has one."""
    kinds: dict[str, list[str]] = {}
    for label in answers.labels:
        kind, colon, _ = label.partition(":")
        if colon:
            kinds.setdefault(kind, []).append(label)
    parts = {kind: answers.only(labels) for kind, labels in kinds.items()}
    return {
        kind: GroupFigures.of(part, int(part.truth.any(axis=1).sum()))
        for kind, part in parts.items()
    }


def correlation(truth: Marks) -> Array:
    """How labels go together: Pearson's phi of each two, shape (l, l); 0 where one never varies.

    Args:
        truth: 0 and 1, shape (b, l).
    """
    centred = truth - truth.mean(axis=0)
    product = centred.T @ centred
    spread = np.sqrt(np.diag(product))
    return ratio(product, np.outer(spread, spread))


def confusion(answers: Answers) -> tuple[Array, Array]:
    """Of tickets whose label (row) was missed, what was wrongly predicted instead (column).

    Returns:
        Tickets and their share of all tickets with that miss, both shape (l, l).
    """
    missed = (answers.truth & (1 - answers.predicted)).astype(np.float64)  # (b, l)
    extra = (answers.predicted & (1 - answers.truth)).astype(np.float64)
    tickets = missed.T @ extra
    of = np.broadcast_to(missed.sum(axis=0)[:, None], tickets.shape)
    return tickets, ratio(tickets, of)


def languages_of(tickets: Sequence[Ticket]) -> tuple[str, ...]:
    """The language that each ticket names, empty where untold; () where none tells."""
    found = tuple(ticket.language or "" for ticket in tickets)
    return found if any(found) else ()
