"""A plan of thresholds, for people and for programs."""

from collections.abc import Iterator
from typing import Any

from cli.labels.levelling import level_object
from cli.labels.thresholding import Shown
from router.operating_points import Share
from router.threshold_goals import Choice
from router.thresholds import LabelPlan, Plan

_COLUMNS = ("label", "level", "now", "from", "precision", "recall", "coverage", "tickets")


def plan_lines(plan: Plan) -> Iterator[str]:
    """A line a label: shares with the interval that holds with 90 %, tickets that carry it."""
    rows = [_COLUMNS, *map(_row, plan.labels)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _row(each: LabelPlan) -> tuple[str, ...]:
    choice = each.choice
    return (
        each.label,
        _level_words(each),
        f"{each.now:.3f}",
        _threshold_words(choice),
        *map(_share_words, (choice.precision, choice.recall, choice.coverage)),
        str(choice.curve.positives),
    )


def minutes_line(plan: Plan) -> str | None:
    """What is lost by the plan, where its goal is about that."""
    lost = [each.minutes for each in plan.labels if each.minutes is not None]
    return f"{sum(lost) / len(lost):.2f} minutes lost a ticket and label." if lost else None


def plan_object(shown: Shown) -> dict[str, Any]:
    """JSON-ready; a threshold of null is never."""
    return {
        "model": shown.plan.model,
        "applied": shown.is_applied,
        "labels": {each.label: _label_object(each) for each in shown.plan.labels},
    }


def _label_object(each: LabelPlan) -> dict[str, Any]:
    choice = each.choice
    return {
        "now": each.now,
        "threshold": choice.threshold,
        "is_common": choice.is_common,
        "precision": choice.precision.model_dump(),
        "recall": choice.recall.model_dump(),
        "coverage": choice.coverage.model_dump(),
        "tickets": choice.curve.positives,
        "minutes": each.minutes,
        "before": level_object(each.before),
        "after": level_object(each.after),
    }


def _level_words(each: LabelPlan) -> str:
    before, after = each.before.automation, each.after.automation
    return before if before is after else f"{before} → {after}"


def _threshold_words(choice: Choice) -> str:
    if choice.threshold is None:
        return f"never (at best {choice.precision.low:.2f})"
    return f"{choice.threshold:.3f}{' of all' if choice.is_common else ''}"


def _share_words(share: Share) -> str:
    return f"{share.value:.2f} ({share.low:.2f}-{share.high:.2f})"
