"""Corrections that should wait for a person before a model learns from them.

Two signs: one agent changed very much in very little time, and what a correction says is
unlikely by what all other rows say. Neither proves anything, so nothing is thrown away here.

Shapes: b rows, l labels.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

# A label with fewer positives has no scores that could contradict anybody.
MIN_POSITIVES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What an agent changed.

    Attributes:
        id: of the entry.
        agent: who.
        at: when.
        before: the predicted labels.
        after: the labels as they should be.
    """

    id: UUID
    agent: str
    at: datetime
    before: frozenset[str]
    after: frozenset[str]

    @property
    def change(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Labels added and labels taken away, each sorted."""
        return tuple(sorted(self.after - self.before)), tuple(sorted(self.before - self.after))


def mass_edits(
    corrections: Iterable[Correction], *, most: int, within: timedelta
) -> dict[UUID, str]:
    """Corrections that are one of many equal changes by one agent in a short time, with why.

    Args:
        corrections: in any order.
        most: as many equal changes are normal.
        within: in this time.
    """
    alike: dict[object, list[Correction]] = defaultdict(list)
    for correction in corrections:
        if any(correction.change):
            alike[correction.agent, correction.change].append(correction)
    found: dict[UUID, str] = {}
    for same in alike.values():
        for burst in _bursts(sorted(same, key=lambda c: (c.at, c.id)), most, within):
            minutes = within.total_seconds() / 60
            reason = f"{same[0].agent} made the same change over {most} times in {minutes:g} min"
            found.update(dict.fromkeys((c.id for c in burst), reason))
    return found


def _bursts(
    ordered: Sequence[Correction], most: int, within: timedelta
) -> Iterable[Sequence[Correction]]:
    """Every run of more than `most` corrections that fits into the time."""
    for first in range(len(ordered) - most):
        if ordered[first + most].at - ordered[first].at <= within:
            yield ordered[first : first + most + 1]


def unlikely(
    corrections: Mapping[int, Correction],
    scores: NDArray[np.floating[Any]],
    truth: NDArray[np.uint8],
    labels: Sequence[str],
) -> dict[UUID, str]:
    """Corrections that exchange what is likely for what is confidently absent, with why.

    A label is confidently absent below the mean score of the rows without it, as in confident
    learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
    Labels", 2021), and likely above the middle between the means of the rows with and without it.
    Every change must be so, and there must be one of each kind: corrections are where a model is
    wrong, so one that only takes a likely label away is what they should look like. One that adds
    a label with few examples is left alone too, which is how a label begins.

    Of flipped rows of the project's samples this finds 47 %, and holds 10 % of right corrections;
    with the means alone on both sides 33 % and 7 %, with the middles 58 % and 26 %.

    Args:
        corrections: by their row.
        scores: calibrated, of each row by a model that did not learn from it, shape (b, l).
        truth: labels as given, corrections included, shape (b, l).
        labels: label order.
    """
    with_, without = mean_where(scores, truth == 1), mean_where(scores, truth == 0)  # (l)
    middle = (with_ + without) / 2
    judged = columns_judged(truth, labels)
    found: dict[UUID, str] = {}
    for row, correction in corrections.items():
        added, taken = correction.change
        columns = [judged.get(label) for label in added]
        known = [judged[label] for label in taken if label in judged]
        absent = all(c is not None and scores[row, c] <= without[c] for c in columns)
        if added and known and absent and all(scores[row, c] >= middle[c] for c in known):
            found[correction.id] = f"unlikely by all other rows: {_words(added, taken)}"
    return found


def columns_judged(truth: NDArray[np.uint8], labels: Sequence[str]) -> dict[str, int]:
    """Columns of the labels that have enough examples to say something, by label."""
    return {
        label: column
        for column, label in enumerate(labels)
        if truth[:, column].sum() >= MIN_POSITIVES
    }


def mean_where(
    values: NDArray[np.floating[Any]], where: NDArray[np.bool_]
) -> NDArray[np.floating[Any]]:
    """The mean of each column over some rows, shape (l); 0 where there are none."""
    counts = where.sum(axis=0)
    sums = np.where(where, values, 0.0).sum(axis=0)
    means: NDArray[np.floating[Any]] = sums / np.maximum(counts, 1)
    return means


def _words(added: Sequence[str], taken: Sequence[str]) -> str:
    parts = [f"adds {', '.join(added)}"] * bool(added) + [f"takes {', '.join(taken)}"] * bool(taken)
    return " and ".join(parts)
