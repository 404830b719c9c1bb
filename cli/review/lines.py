"""Items of the review queue in words, and JSON-ready."""

from typing import Any

from cli.output import printable
from core.types import ReviewReason
from store.feedback.review import ReviewItem

_REASONS = {
    ReviewReason.BELOW_THRESHOLD: "no label was likely enough",
    ReviewReason.EXCLUDED_LABEL: "a likely label is not on level auto",
    ReviewReason.NO_RULE: "no rule is about its labels",
    ReviewReason.UNSUPPORTED_LANGUAGE: "the model is not fit for its language",
    ReviewReason.UNCONFIRMED_LABEL: "its labels are only offered",
    ReviewReason.AUDIT: "drawn for the audit",
    ReviewReason.HELD_CORRECTION: "a correction is kept from training",
    ReviewReason.PING_PONG: "people passed it on too often",
}


def item_line(item: ReviewItem) -> str:
    """One line: which item, of which ticket, where it went and as what, why it waits."""
    labels = ", ".join(item.labels) or "no label"
    why = "; ".join(_REASONS[reason] for reason in item.reasons)
    held = f"  held by {item.claimed_by}" if item.claimed_by else ""
    sender = printable(item.external_id, 60)
    where = item.primary_department or "undecided"
    return f"{item.id}  {sender}: {where} ({labels})  {why}{held}"


def item_object(item: ReviewItem) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "item": item.id,
        "ticket": str(item.ticket_id),
        "external_id": item.external_id,
        "revision": item.revision,
        "correction": None if item.correction_id is None else str(item.correction_id),
        "reasons": list(item.reasons),
        "uncertainty": item.uncertainty,
        "department": item.primary_department,
        "labels": list(item.labels),
        "due_at": None if item.due_at is None else item.due_at.isoformat(),
        "claimed_by": item.claimed_by,
        "lease_until": None if item.lease_until is None else item.lease_until.isoformat(),
        "created_at": item.created_at.isoformat(),
    }
