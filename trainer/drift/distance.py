"""How far two clouds of features lie apart, and how far chance alone puts them.

Shapes: b tickets, f features.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Features = NDArray[np.floating[Any]]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """Maximum mean discrepancy: 0 where nothing changed, about 1.1 for clouds that do not touch.

    Attributes:
        noise: what the same tickets, dealt into two heaps at random, pass in `alpha` of cases.
        p_value: share of the dealings that come at least as far apart; never 0.
    """

    value: float
    noise: float
    p_value: float


def mean_distance(
    reference: Features, current: Features, *, permutations: int, alpha: float, seed: int
) -> Distance:
    """Distance of the mean embeddings under a Gaussian kernel, with a permutation test.

    Gretton and others, "A kernel two-sample test", 2012: the unbiased estimate, its root taken,
    negative ones counted as 0; the kernel's width is the median distance.

    Args:
        reference: shape (b, f), b > 1.
        current: likewise, with its own b.
        permutations: dealings of the tickets into two heaps.
        alpha: of the noise.
        seed: of the dealings.
    """
    kernel, n = _kernel(np.concatenate([reference, current])), len(reference)
    chance = np.random.default_rng(seed)
    here = np.zeros(len(kernel))
    here[:n] = 1
    dealt = np.stack([here, *(chance.permutation(here) for _ in range(permutations))], axis=1)
    squared = _discrepancies(kernel, dealt)  # (1 + permutations)
    return Distance(
        value=float(np.sqrt(max(squared[0], 0.0))),
        noise=float(np.sqrt(max(np.quantile(squared[1:], 1 - alpha), 0.0))),
        p_value=float((squared >= squared[0]).mean()),
    )


def _kernel(points: Features) -> Array:
    """Shape (b, b); the diagonal, which an unbiased estimate leaves out, is 0."""
    squared = cdist(points, points, "sqeuclidean")
    positive = squared[squared > 0]
    kernel = np.exp(-squared / (np.median(positive) if positive.size else 1.0))
    np.fill_diagonal(kernel, 0)
    return np.asarray(kernel)


def _discrepancies(kernel: Array, first: Array) -> Array:
    """Squared discrepancies of dealings, each a column of 0 and 1 in `first` (b, dealings)."""
    second = 1 - first
    n, m = first[:, 0].sum(), second[:, 0].sum()
    seen = kernel @ first  # (b, dealings)
    inside = (first * seen).sum(axis=0)
    between = (second * seen).sum(axis=0)
    other = kernel.sum() - inside - 2 * between
    return np.asarray(inside / (n * (n - 1)) + other / (m * (m - 1)) - 2 * between / (n * m))
