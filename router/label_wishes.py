"""Changes of labels as JSON, to be kept until a trainer makes them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.ticket_json import parse_ticket, ticket_object
from core.types import Automation, LabelMove
from router.label_outlook import Wanted


def wanted_object(wanted: Wanted) -> dict[str, Any]:
    """JSON-ready; `parse_wanted` gives the same change again."""
    return {
        "kind": wanted.kind.value,
        "before": list(wanted.before),
        "after": list(wanted.after),
        "descriptions": dict(wanted.descriptions),
        "examples": [ticket_object(ticket) for ticket in wanted.examples],
        "tickets": {
            label: [str(ticket) for ticket in tickets] for label, tickets in wanted.tickets.items()
        },
        "automation": None if wanted.automation is None else wanted.automation.value,
        "actor": wanted.actor,
        "note": wanted.note,
    }


def parse_wanted(document: Mapping[str, Any]) -> Wanted:
    """Reads what `wanted_object` gave."""
    automation = document["automation"]
    return Wanted(
        kind=LabelMove(document["kind"]),
        before=tuple(document["before"]),
        after=tuple(document["after"]),
        descriptions=document["descriptions"],
        examples=[parse_ticket(ticket) for ticket in document["examples"]],
        tickets={
            label: [UUID(ticket) for ticket in tickets]
            for label, tickets in document["tickets"].items()
        },
        automation=None if automation is None else Automation(automation),
        actor=document["actor"],
        note=document["note"],
    )
