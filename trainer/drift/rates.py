"""How far predicted rates and score histograms of each label moved, and how far chance moves them.

Shapes: b tickets, l labels, k bins.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, fisher_exact, norm

BINS = 10  # deciles of the reference, as scorecards are watched
# What a bin holds before any ticket came: keeps empty bins from an infinite index.
PRIOR_COUNT = 0.5
# A small stability index by the square of the Jensen-Shannon distance in base 2.
_INDEX_OF_SQUARE = 8 * float(np.log(2))

Array = NDArray[np.float64]
Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Movement:
    """One signal of every label; each array has shape (l).

    Attributes:
        reference: the figure before.
        current: the figure now.
        value: how far it moved, 0 or 1 for not at all.
        noise: how far it moves by chance where nothing changed.
        p_value: the chance to move at least so far where nothing changed; one label by itself.
    """

    reference: Array
    current: Array
    value: Array
    noise: Array
    p_value: Array


def rate_movement(
    reference: NDArray[np.uint8], current: NDArray[np.uint8], alpha: float
) -> Movement:
    """The odds ratio of the predicted rates, turned so that it is at least 1.

    Odds and not rates: 2 % to 6 % and 60 % to 82 % are both three times the odds, while the
    stability index of the first is 0.05. Half a ticket is added to each count (Haldane, 1956).

    Args:
        reference: 0 and 1, shape (b, l).
        current: likewise, with its own b.
        alpha: the noise is what chance alone passes with this probability.
    """
    before, after = reference.sum(axis=0), current.sum(axis=0)  # (l)
    n, m = len(reference), len(current)
    cells = np.stack([before, n - before, after, m - after]) + PRIOR_COUNT  # (4, l)
    error = np.sqrt((1 / cells).sum(axis=0))
    log_ratio = np.log(cells[2] * cells[1] / (cells[3] * cells[0]))
    tables = np.stack([before, n - before, after, m - after], axis=1).reshape(-1, 2, 2)
    return Movement(
        reference=before / n,
        current=after / m,
        value=np.exp(np.abs(log_ratio)),
        noise=np.exp(float(norm.isf(alpha / 2)) * error),
        p_value=np.array([float(fisher_exact(table).pvalue) for table in tables]),
    )


def psi_movement(reference: Scores, current: Scores) -> Movement:
    """Population stability index of each label's scores over the reference's deciles.

    Where nothing changed, index / (1/n + 1/m) is chi-squared with k - 1 degrees of freedom, so
    that its expectation is (k - 1)(1/n + 1/m): Yurdakul, "Statistical properties of population
    stability index", 2018.

    Args:
        reference: in [0, 1], shape (b, l).
        current: likewise, with its own b.
    """
    pairs = _pairs(reference, current)
    return _movement(reference, current, np.array([stability_index(*pair) for pair in pairs]))


def js_movement(reference: Scores, current: Scores) -> Movement:
    """Jensen-Shannon distance (base 2, in [0, 1]) of the same histograms.

    For small movements the divergence is an eighth of the stability index (both are the same
    multiple of the squared differences), which gives its distribution where nothing changed.

    Args:
        reference: in [0, 1], shape (b, l).
        current: likewise, with its own b.
    """
    distances = np.array([js_distance(*pair) for pair in _pairs(reference, current)])
    as_index = _movement(reference, current, _INDEX_OF_SQUARE * distances**2)
    noise = np.sqrt(as_index.noise / _INDEX_OF_SQUARE)
    return replace(as_index, value=distances, noise=noise)


def stability_index(first: Array, second: Array) -> float:
    """Sum of (q - p) ln(q / p) over the shares p and q of two histograms, both counts (k)."""
    p, q = _shares(first), _shares(second)
    return float(((q - p) * np.log(q / p)).sum())


def js_distance(first: Array, second: Array) -> float:
    """Jensen-Shannon distance in base 2, in [0, 1] (Lin, 1991), of two histograms (k)."""
    return float(jensenshannon(_shares(first), _shares(second), base=2))


def histograms(reference: Scores, current: Scores, bins: int = BINS) -> tuple[Array, Array]:
    """Counts of one label's scores in bins that the reference fills evenly, both (k).

    Equal scores share a bin, so that there may be fewer bins than asked for.

    Args:
        reference: shape (b).
        current: likewise, with its own b.
        bins: how many at most.
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    places = len(edges) + 1
    before = np.bincount(np.searchsorted(edges, reference, side="left"), minlength=places)
    after = np.bincount(np.searchsorted(edges, current, side="left"), minlength=places)
    return before.astype(np.float64), after.astype(np.float64)


def _pairs(reference: Scores, current: Scores) -> list[tuple[Array, Array]]:
    """Both histograms of each label."""
    return [histograms(*columns) for columns in zip(reference.T, current.T, strict=True)]


def _movement(reference: Scores, current: Scores, index: Array) -> Movement:
    """A stability index (l) with what chance does to it."""
    bins = np.array([len(before) for before, _ in _pairs(reference, current)])
    freedom = np.maximum(bins - 1, 1)  # (l)
    chance = 1 / len(reference) + 1 / len(current)
    return Movement(
        reference=reference.mean(axis=0, dtype=np.float64),
        current=current.mean(axis=0, dtype=np.float64),
        value=index,
        noise=np.asarray(freedom * chance),
        p_value=np.asarray(chi2.sf(index / chance, freedom)),
    )


def _shares(counts: Array) -> Array:
    padded = counts + PRIOR_COUNT
    return np.asarray(padded / padded.sum())
