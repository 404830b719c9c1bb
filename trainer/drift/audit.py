"""How good decisions are, from a random sample that people look at (`core.audit_sample`).

Shapes: b tickets.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Invalid
from core.intervals import wilson_interval

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audited:
    """What people said about the tickets of an audit.

    Attributes:
        right: whether each decision was right, or how much of it, in [0, 1], shape (b).
        inclusion: the chance with which each ticket was drawn, in (0, 1], shape (b).

    Raises:
        Invalid: shapes differ or a number is out of range.
    """

    right: Floats
    inclusion: Floats

    def __post_init__(self) -> None:
        if self.right.ndim != 1 or self.right.shape != self.inclusion.shape:
            raise Invalid("audit", "has not one chance a ticket", "give both for each ticket")
        if not bool(((self.inclusion > 0) & (self.inclusion <= 1)).all()):
            raise Invalid("inclusion", "is not over 0 and up to 1", "give the chance of the draw")
        if not bool(((self.right >= 0) & (self.right <= 1)).all()):
            raise Invalid("right", "is not between 0 and 1", "give 1 for right and 0 for wrong")

    def __len__(self) -> int:
        return len(self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Share of right decisions in the whole stream, in [0, 1], with its confidence interval.

    Attributes:
        effective_n: tickets of a plain random sample that would tell as much.
    """

    value: float
    low: float
    high: float
    standard_error: float
    n: int
    effective_n: float


def joined_inclusion(*chances: Floats) -> NDArray[np.float64]:
    """The chance to be drawn by at least one of several independent draws, shape (b).

    Args:
        chances: of each draw, in [0, 1], shape (b).
    """
    missed = np.prod([1 - np.asarray(chance, dtype=np.float64) for chance in chances], axis=0)
    return np.asarray(1 - missed)


def horvitz_thompson_total(values: Floats, inclusion: Floats) -> float:
    """The sum over the whole stream, from the tickets drawn; unbiased.

    Horvitz and Thompson, "A generalization of sampling without replacement from a finite
    universe", 1952.

    Args:
        values: of the tickets drawn, shape (b).
        inclusion: the chance of each, in (0, 1], shape (b).
    """
    return float((values / inclusion).sum())


def audited_accuracy(audited: Audited, confidence: float = 0.95) -> Accuracy:
    """The mean over the whole stream, weighted by 1 / chance (Hajek, 1971).

    The interval is Wilson's with the effective sample size in the place of n (Kish, "Survey
    sampling", 1965; Dean and Pagano, 2015): unlike one of mean and standard error it keeps a
    width when every decision was right.

    Args:
        audited: b > 0 tickets.
        confidence: of the interval, in (0, 1).

    Raises:
        Invalid: there is no ticket.
    """
    if not len(audited):
        raise Invalid("audit", "holds no ticket", "look at some tickets first")
    weights = 1 / audited.inclusion.astype(np.float64)  # (b)
    value = float((weights * audited.right).sum() / weights.sum())
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    error = weights * (audited.right - value) / weights.sum()  # (b)
    low, high = wilson_interval(value, effective, confidence)
    return Accuracy(
        value=value,
        low=low,
        high=high,
        standard_error=float(np.sqrt((error**2).sum())),
        n=len(audited),
        effective_n=effective,
    )
