"""A ticket's record as a story: what happened to it, in the order in which it happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def timeline(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What happened, oldest first: received, decided, corrected, told.

    Args:
        record: of `store.decided.records.ticket_record`.

    Returns:
        JSON-ready entries with `at` (ISO 8601), `what`, and whatever tells more.
    """
    decisions = [*record["superseded_decisions"], *filter(None, [record["decision"]])]
    entries = [
        {"at": record["received_at"], "what": "received"},
        *(_decided(decision) for decision in decisions),
        *(_corrected(correction) for correction in record["corrections"]),
        *({"at": event["created_at"], "what": event["event"]} for event in record["events"]),
    ]
    return sorted(entries, key=lambda entry: datetime.fromisoformat(entry["at"]))


def _decided(decision: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": decision["decided_at"],
        "what": "decided",
        "revision": decision["revision"],
        "department": decision["primary_department"],
        "reason": decision["reason"],
        "rung": decision["rung"],
    }


def _corrected(correction: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": correction["created_at"],
        "what": "corrected",
        "revision": correction["revision"],
        "kind": correction["kind"],
        "agent": correction["agent"],
    }
