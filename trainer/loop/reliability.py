"""Whose corrections to believe: how often all other rows speak against what an agent changes.

A single correction is too little to tell a mistake from a hard ticket (`trainer.loop.noise` holds
the clearest). Over some dozens of one agent's, the rate says a lot, held against that of everybody
else on the same tickets, labels and model, who are the measure of what is normal here.

Shapes: b rows, l labels.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from trainer.loop.noise import Correction, columns_judged, mean_where

# Of wrong changes this share is contradicted: 72 to 86 % of flips of one label into another on
# tickets made of the samples' words, where 15 to 27 % of right changes are.
FOUND = 0.8
# Chance that so many contradictions come about at everybody's rate, under which an agent is held.
# One in twenty careful teams of fifty would see a false alarm.
MOST_CHANCE = 0.001
# Fewer changes by others say too little of what is normal.
MIN_BY_OTHERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of one agent.

    Attributes:
        changes: corrections that could be held against other rows, or that a person settled.
        contradicted: so many of them were spoken against.
        usual: rate of contradictions, in [0, 1], with everybody else.
    """

    changes: int
    contradicted: int
    usual: float

    @property
    def weight(self) -> float:
        """Estimated share of right changes, in [0, 1].

        Wrong ones are contradicted at the rate `FOUND` and right ones as usual, so the agent's
        own rate lies in between.
        """
        room = max(FOUND - self.usual, 1e-9)
        return float(np.clip(1 - (self.contradicted / self.changes - self.usual) / room, 0, 1))

    @property
    def chance(self) -> float:
        """Probability, in [0, 1], of as many contradictions or more at the usual rate."""
        return float(binom.sf(self.contradicted - 1, self.changes, self.usual))

    def is_doubtful(self, least: float) -> bool:
        """Whether the weight is too low, and not by chance."""
        return self.weight < least and self.chance < MOST_CHANCE


def contradictions(
    corrections: Mapping[int, Correction],
    scores: NDArray[np.floating[Any]],
    truth: NDArray[np.uint8],
    labels: Sequence[str],
) -> dict[UUID, bool]:
    """Of each correction, whether the other rows are confident of the opposite in some label.

    Confident means as in confident learning (`trainer.loop.noise.unlikely` cites it): an added
    label scores no higher than rows without it do in the mean, or one that was taken away no
    lower than rows with it. Labels with few examples say nothing.

    Args:
        corrections: by their row.
        scores: calibrated, of each row by a model that did not learn from it, shape (b, l).
        truth: labels as given, corrections included, shape (b, l).
        labels: label order.
    """
    with_, without = mean_where(scores, truth == 1), mean_where(scores, truth == 0)  # (l)
    judged = columns_judged(truth, labels)
    found: dict[UUID, bool] = {}
    for row, correction in corrections.items():
        added, taken = ([judged[x] for x in side if x in judged] for side in correction.change)
        if added or taken:
            absent = any(scores[row, k] <= without[k] for k in added)
            present = any(scores[row, k] >= with_[k] for k in taken)
            found[correction.id] = absent or present
    return found


def records(said: Iterable[tuple[str, bool]]) -> dict[str, Record]:
    """What is known of each agent, where enough is known of the others.

    Args:
        said: of each change who made it, and whether it was contradicted.
    """
    changes: Counter[str] = Counter()
    against: Counter[str] = Counter()
    for agent, contradicted in said:
        changes[agent] += 1
        against[agent] += contradicted
    found: dict[str, Record] = {}
    for agent, count in changes.items():
        others = changes.total() - count
        if others >= MIN_BY_OTHERS:
            usual = (against.total() - against[agent]) / others
            found[agent] = Record(changes=count, contradicted=against[agent], usual=usual)
    return found
