"""The threshold that reaches a goal: a precision, a recall, a coverage, or the least lost time.

A promise is kept with 95 % confidence, label by label: not the measured share has to reach the
target but its lower bound, for the measured share of a rare label says little. A label with few
positives takes the threshold that all labels together give. The best F1 is
`trainer/operating/thresholds.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Literal

from router.operating_points import Curve, Curves, Point, Share

# Below this no precision over .86 can be shown, even if every prediction were right.
FEW_POSITIVES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionGoal:
    """At least this share of the predictions is right, in (0, 1); as many predictions as go."""

    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallGoal:
    """At least this share of the tickets with the label is found; as few predictions as go."""

    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageGoal:
    """At least this share of tickets has a prediction; one threshold for all labels."""

    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostGoal:
    """The fewest minutes lost.

    Attributes:
        misroute: minutes that a wrong prediction costs.
        look: minutes that a person needs to place a ticket by hand.
        by_label: `misroute` of labels that differ.
    """

    misroute: float
    look: float
    by_label: Mapping[str, float] = field(default_factory=dict)


Goal = PrecisionGoal | RecallGoal | CoverageGoal | CostGoal


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The threshold of one label.

    Attributes:
        threshold: in [0, 1]; None when none reaches the goal.
        point: what was measured there; without a threshold, where precision is best founded.
        curve: the label's own.
        is_common: the threshold is that of all labels together.
    """

    threshold: float | None
    point: Point
    curve: Curve
    is_common: bool = False

    @property
    def precision(self) -> Share:
        """Right predictions among all predictions."""
        return self.point.precision

    @property
    def recall(self) -> Share:
        """Tickets with the label that are found."""
        return self.point.recall

    @property
    def coverage(self) -> Share:
        """Tickets on which the label is predicted."""
        return self.point.coverage


def choose(curves: Curves, goal: Goal) -> dict[str, Choice]:
    """A threshold for each label, in label order."""
    match goal:
        case CoverageGoal():
            point = _least(curves.any_label, "coverage", goal.target)
            return {x: _common(curve, point) for x, curve in curves.labels.items()}
        case CostGoal():
            return {x: _cheapest(x, curve, goal) for x, curve in curves.labels.items()}
        case PrecisionGoal() | RecallGoal():
            common = _reaching(curves.all_labels, goal)
            return {
                x: _own(curve, _reaching(curve, goal))
                if curve.positives >= FEW_POSITIVES
                else _common(curve, common)
                for x, curve in curves.labels.items()
            }


def choice_at(curve: Curve, threshold: float) -> Choice:
    """What a given threshold is worth, as `Curve.at` tells."""
    return Choice(threshold=threshold, point=curve.at(threshold), curve=curve)


def minutes(choice: Choice, goal: CostGoal, label: str) -> float:
    """Minutes lost a ticket, as measured: wrong predictions, and tickets left to a person."""
    predicted, hits = choice.point.predicted, choice.point.hits
    if choice.threshold is None:
        predicted = hits = 0
    wrong = goal.by_label.get(label, goal.misroute) * (predicted - hits)
    return (wrong + goal.look * (choice.curve.rows - predicted)) / choice.curve.rows


def _reaching(curve: Curve, goal: PrecisionGoal | RecallGoal) -> Point | None:
    if isinstance(goal, RecallGoal):
        return _least(curve, "recall", goal.target)
    return _precise(curve, goal.target)


def _least(curve: Curve, share: Literal["recall", "coverage"], target: float) -> Point:
    """The highest threshold at which a share that only grows downwards has its lower bound there.

    There is always one, for at threshold 0 all is found and covered.
    """
    return next(point for point in curve.points if getattr(point, share).low >= target)


def _precise(curve: Curve, target: float) -> Point | None:
    """The lowest threshold down to which every lower bound of the precision is at the target.

    Points are tested in an order that does not depend on the truth: from the one whose bound should
    be best by the scores, downwards, until one fails. So the promise holds although many points
    are looked at (fixed sequence testing, as in Angelopoulos and others, "Learn then test:
    calibrating predictive algorithms to achieve risk control", 2021). Drawn 400 times from one
    distribution, 1 to 2 % of the choices fell short on fresh rows at 1,200 rows and targets of .6
    to .8; the price is coverage, which was .25, .13 and .06 where .33, .21 and .11 were possible.
    """
    start = _best_founded(curve)
    passed = list(takewhile(lambda x: x.precision.low >= target, curve.points[start:]))
    return passed[-1] if passed else None


def _best_founded(curve: Curve) -> int:
    """Place of the point whose precision should have the best lower bound, by the scores alone."""
    bounds = [point.expected_low for point in curve.points]
    return bounds.index(max(bounds))


def _own(curve: Curve, point: Point | None) -> Choice:
    if point is None:
        return _never(curve)
    return Choice(threshold=point.threshold, point=point, curve=curve)


def _common(curve: Curve, point: Point | None) -> Choice:
    chosen = _never(curve) if point is None else choice_at(curve, point.threshold)
    return replace(chosen, is_common=True)


def _never(curve: Curve) -> Choice:
    return Choice(threshold=None, point=curve.points[_best_founded(curve)], curve=curve)


def _cheapest(label: str, curve: Curve, goal: CostGoal) -> Choice:
    """Automates where a wrong prediction is expected to cost less than a look.

    With a calibrated score p that is (1 - p) * misroute <= look (Elkan, "The foundations of
    cost-sensitive learning", 2001). Where that measurably loses time against looking at every
    ticket, it is never.
    """
    misroute = goal.by_label.get(label, goal.misroute)
    chosen = choice_at(curve, max(0.0, 1 - goal.look / misroute))
    loses = minutes(chosen, goal, label) > goal.look
    return _never(curve) if loses and curve.positives >= FEW_POSITIVES else chosen
