"""Sequential tests whose answer holds however often one looks. Pure.

Each test is an e-process: it starts at 1, and where the hypothesis in question is true its
expectation never exceeds 1, so that by Ville's inequality it reaches 1/a with a chance of at most a
over the whole, endless stream (Ville 1939; Ramdas, Grünwald, Vovk, Shafer, "Game-theoretic
statistics and safe anytime-valid inference", 2023). That makes it honest to look every minute.

Logarithms of the process are given after each step. Shapes: n outcomes, k blocks, m bets.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp
from scipy.stats import beta

Marks = NDArray[np.bool_]
Array = NDArray[np.float64]

_BETS, _BET_WEIGHTS = np.polynomial.legendre.leggauss(64)
_BETS, _BET_WEIGHTS = (_BETS + 1) / 2, _BET_WEIGHTS / 2  # from [-1, 1] to [0, 1]
# Pairs of rates half a unit of log odds apart and up to 3 units from one another.
_ODDS = np.arange(-4.5, 4.6, 0.5)
_LOW, _HIGH = np.array(
    [(low, high) for low in _ODDS for high in _ODDS if 0 < high - low <= 3]
).T  # (m)


def bets(happened: Marks, at_most: float) -> Array:
    """Against "each outcome happens with a chance of at most so much, whatever came before".

    A bet of c in (0, 1) multiplies the stake by 1 + c (1 - r) / r where it happened and by 1 - c
    where it did not, which is the likelihood ratio of r + c (1 - r) to the bound r and has an
    expectation of at most 1 while the chance is at most r. The stake is spread over all c evenly
    (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024;
    Robbins' mixture).

    With r = 1/2 it is the sequential sign test.

    Args:
        happened: shape (n).
        at_most: r in (0, 1].

    Returns:
        Shape (n), natural logarithms.
    """
    gained = np.log1p(_BETS * (1 - at_most) / at_most)  # (m)
    steps = np.where(happened[:, None], gained, np.log1p(-_BETS))  # (n, m)
    return _mixed(steps, _BET_WEIGHTS)


def more_often(first: Marks, happened: Marks) -> Array:
    """Against "it happens to the first group at most as often as to the second".

    The outcomes are cut into blocks that end once they hold both groups. A block of f outcomes of
    the first group and s of the second multiplies by the likelihood ratio of two rates q > p to
    their common mean (f q + s p) / (f + s) (Turner, Ly, Grünwald, "Generic E-variables for exact
    sequential k-sample tests that allow for optional stopping", 2024). If the true rates are
    b <= a, its expectation is A(a)^s B(b)^f with A falling and B rising linearly and
    s A(x) + f B(x) = s + f for each x; so it is at most A(a)^s B(a)^f, and by the inequality of
    means at most 1. Only the order in which the groups come decides where a block ends. The stake
    is spread evenly over pairs of rates.

    Args:
        first: who of the outcomes belongs to the first group, shape (n).
        happened: shape (n).

    Returns:
        Shape (k), natural logarithms; empty while one of the groups has no outcome.
    """
    ends = _block_ends(first.tolist())
    if not ends:
        return np.zeros(0)
    starts = [0, *ends[:-1]]
    groups = (first & happened, first & ~happened, ~first & happened, ~first & ~happened)
    sums = [np.add.reduceat(g[: ends[-1]].astype(np.float64), starts)[:, None] for g in groups]
    q, p = expit(_HIGH), expit(_LOW)  # (m)
    firsts, seconds = sums[0] + sums[1], sums[2] + sums[3]  # (k, 1)
    mean = (firsts * q + seconds * p) / (firsts + seconds)  # (k, m)
    steps = (
        sums[0] * np.log(q / mean)
        + sums[1] * np.log((1 - q) / (1 - mean))
        + sums[2] * np.log(p / mean)
        + sums[3] * np.log((1 - p) / (1 - mean))
    )
    return _mixed(steps, np.full(len(q), 1 / len(q)))


def upper_rate(happened: Marks, *, risk: float) -> float:
    """What a rate was at most (Clopper and Pearson, 1934); 1 without any outcome.

    Args:
        happened: independent outcomes, shape (n).
        risk: chance in (0, 1) that it was more.
    """
    misses = int((~happened).sum())
    return float(beta.ppf(1 - risk, happened.sum() + 1, misses)) if misses else 1.0


def _mixed(steps: Array, weights: Array) -> Array:
    """Log of the mean stake after each step, from the logs of each bet's factors (n, m)."""
    if not len(steps):
        return np.zeros(0)
    path: Array = logsumexp(np.cumsum(steps, axis=0), b=weights, axis=1)
    return path


def _block_ends(first: Sequence[bool]) -> list[int]:
    """Places after which both groups were seen since the last such place."""
    ends, seen = [], set()
    for place, group in enumerate(first):
        seen.add(group)
        if len(seen) == 2:
            ends.append(place + 1)
            seen.clear()
    return ends
