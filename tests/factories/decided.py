"""Decided tickets and ticket records as the store reads them, with sensible defaults."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from store.decided.records import DecidedTicket
from store.queue.workers import Worker, WorkerReport

MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def a_decided_ticket(**changes: Any) -> DecidedTicket:
    fields: dict[str, Any] = {
        "id": UUID(int=7),
        "source": "shop",
        "external_id": "t-1",
        "subject": "Parcel is late",
        "state": "decided",
        "primary_department": "orders",
        "collaborators": ("billing",),
        "labels": ("delivery", "refund"),
        "scores": {"delivery": 0.91, "refund": 0.62, "login": 0.03},
        "reason": "rule",
        "rule": "late-parcels",
        "rung": "model",
        "received_at": MOMENT,
        "decided_at": MOMENT,
    }
    return DecidedTicket(**{**fields, **changes})


def a_worker(id_: int = 1, **changes: Any) -> Worker:
    report = {"rung": "model", "model_version": "m1", "ruleset_version": 3, "counters": {}}
    fields: dict[str, Any] = {
        "host": "node-a",
        "pid": 12,
        "device": "cuda:0",
        "alive": True,
        "seen_at": MOMENT,
    }
    said = {name: changes.pop(name) for name in list(changes) if name in report}
    return Worker(id=id_, report=WorkerReport(**{**report, **said}), **{**fields, **changes})


def a_record(**changes: Any) -> dict[str, Any]:
    decision = {
        "primary_department": "orders",
        "collaborators": ["billing"],
        "labels": ["delivery"],
        "preselected": [],
        "suggested": [],
        "scores": {"delivery": 0.91, "refund": 0.2},
        "reason": "rule",
        "rule": "late-parcels",
        "rung": "model",
        "model_version": "m1",
        "ruleset_version": 3,
        "decided_at": MOMENT.isoformat(),
        "trace": [
            {
                "rule": "late-parcels",
                "order": 10,
                "held": True,
                "effect": "primary orders",
                "conditions": [
                    {"condition": "delivery is predicted", "value": 0.91, "held": True},
                    {
                        "none": [
                            {"condition": "text contains lawyer", "value": None, "held": False}
                        ],
                        "held": True,
                    },
                ],
            }
        ],
    }
    content = {
        "subject": "Parcel is late",
        "body": "Where is it?\n\nI waited.",
        "channel": "email",
        "language": None,
        "customer": None,
        "priority": None,
    }
    return {
        "id": str(UUID(int=7)),
        "source": "shop",
        "external_id": "t-1",
        "revision": 2,
        "state": "decided",
        "error": None,
        "ticket": content,
        "decision": decision,
        "superseded_decisions": [],
        "reviews": [],
        "events": [],
        **changes,
    }
