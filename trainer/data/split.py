"""Rows to parts, so that each part has its share of every label and no text stands in two."""

from collections.abc import Sequence

import numpy as np
from iterstrat.ml_stratifiers import IterativeStratification
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def split_rows(
    texts: Sequence[str], truth: NDArray[np.uint8], shares: Sequence[float], seed: int
) -> list[Rows]:
    """Deals rows out by iterative stratification (Sechidis and others, ECML PKDD 2011).

    Rows with the same text go together, whatever their labels; their labels are joined for the
    dealing.

    Args:
        texts: b of them.
        truth: 0 and 1, shape (b, l).
        shares: of each part, summing to 1.
        seed: breaks ties.

    Returns:
        Row numbers of each part, ascending; every row once.
    """
    return deal(_groups(texts), truth, shares, seed)


def deal(groups: Rows, truth: NDArray[np.uint8], shares: Sequence[float], seed: int) -> list[Rows]:
    """As `split_rows`, for rows that stay together by the number of their group, shape (b)."""
    _, groups = np.unique(groups, return_inverse=True)
    marks = np.zeros((groups.max(initial=-1) + 1, truth.shape[1]), dtype=bool)  # (groups, l)
    np.logical_or.at(marks, groups, truth.astype(bool))
    dealt: NDArray[np.int64] = IterativeStratification(
        labels=marks, r=np.asarray(shares, dtype=float), random_state=np.random.RandomState(seed)
    )
    part_of = dealt[groups]  # (b)
    return [np.flatnonzero(part_of == part) for part in range(len(shares))]


def folds(texts: Sequence[str], truth: NDArray[np.uint8], count: int, seed: int) -> list[Rows]:
    """`count` parts of about equal size, as `split_rows`."""
    return split_rows(texts, truth, [1 / count] * count, seed)


def _groups(texts: Sequence[str]) -> NDArray[np.int64]:
    """The number of each row's text, shape (b); numbers count from 0 in order of appearance."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int64)
