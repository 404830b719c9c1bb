"""What somebody means who accepts, replaces or passes over a decision."""

from collections.abc import Collection

from core.errors import Invalid
from core.types import FeedbackKind, ReviewOutcome

_KINDS = {
    ReviewOutcome.ACCEPTED: (FeedbackKind.CONFIRMED,),
    ReviewOutcome.REPLACED: (
        FeedbackKind.WRONG_LABEL,
        FeedbackKind.WRONG_ROUTE,
        FeedbackKind.MOVED_FOR_LOAD,
    ),
    ReviewOutcome.SKIPPED: (FeedbackKind.SKIPPED,),
}


def meant(labels: Collection[str] | None, department: str | None) -> FeedbackKind:
    """What somebody means who names labels, a department, or neither."""
    if labels is not None:
        return FeedbackKind.WRONG_LABEL
    return FeedbackKind.CONFIRMED if department is None else FeedbackKind.WRONG_ROUTE


def kind_of(
    outcome: ReviewOutcome,
    kind: FeedbackKind | None,
    labels: Collection[str] | None,
    department: str | None,
) -> FeedbackKind:
    """The kind of feedback that an outcome is.

    Args:
        outcome: accepted, replaced or skipped.
        kind: what was said to be meant; None where that follows from the rest.
        labels: after correction; None where nothing was said of them.
        department: where the ticket belongs; likewise.

    Raises:
        Invalid: the kind does not go with the outcome, or a replacement lacks what is right.
    """
    fitting = _KINDS[outcome]
    if kind is not None and kind not in fitting:
        fix = f"send {' or '.join(fitting)}, or leave it out"
        raise Invalid("kind", f"{kind} does not go with {outcome}", fix)
    if outcome is not ReviewOutcome.REPLACED:
        return fitting[0]
    if kind is None and labels is None and department is None:
        raise Invalid("labels", "are missing", "give the right labels, or the right department")
    return kind or meant(labels, department)


def closed_as(
    labels: Collection[str],
    department: str | None,
    shown: Collection[str],
    primary: str | None,
) -> FeedbackKind:
    """What a ticket that was closed with these labels says of its decision.

    Args:
        labels: with which it was closed, all of them.
        department: in which it was closed; None where that was not told.
        shown: labels of the decision that agents found set or ticked.
        primary: department of the decision; None where there was none.
    """
    if {*labels} != {*shown}:
        return FeedbackKind.WRONG_LABEL
    moved = department is not None and department != primary
    return FeedbackKind.WRONG_ROUTE if moved else FeedbackKind.CONFIRMED
