"""Frozen values with sensible defaults, so that a test names only what it is about."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from core.types import Decision, Reason, Routing, Rung, Ticket, Versions
from store.decided.decisions import Finished
from store.queue.claims import Claim


def a_ticket(id_: str = "t-1", **changes: Any) -> Ticket:
    fields: dict[str, Any] = {"subject": "Parcel is late", "body": "It should be here by now."}
    return Ticket(id=id_, **{**fields, **changes})


def tickets(count: int, *, prefix: str = "t") -> list[Ticket]:
    return [a_ticket(f"{prefix}-{n}", body=f"Parcel {prefix}-{n} is late") for n in range(count)]


def a_routing(primary: str = "orders", **changes: Any) -> Routing:
    fields: dict[str, Any] = {
        "collaborators": (),
        "labels": ("delivery",),
        "reason": Reason.RULE,
        "rule": "late-parcels",
        "trace": [],
    }
    return Routing(primary=primary, **{**fields, **changes})


def a_decision(
    ticket_id: UUID, *, revision: int = 1, rung: Rung = Rung.MODEL, primary: str = "orders"
) -> Decision:
    scores: Mapping[str, float] = {"delivery": 0.9, "refund": 0.1}
    return Decision(
        ticket_id=ticket_id,
        revision=revision,
        routing=a_routing(primary),
        scores=scores,
        rung=rung,
        versions=Versions(model="m", calibration="c", thresholds="t", ruleset=1),
        input_hash=b"\x00" * 32,
    )


def finished(claim: Claim, *, rung: Rung = Rung.MODEL, **changes: Any) -> Finished:
    primary = changes.pop("primary", "orders")
    decision = a_decision(claim.id, revision=claim.revision, rung=rung, primary=primary)
    return Finished(decision=decision, token=claim.token, **changes)


def a_claim(id_: str = "t-1", *, attempts: int = 1, **changes: Any) -> Claim:
    return Claim(
        id=uuid4(), revision=1, token=7, attempts=attempts, ticket=a_ticket(id_, **changes)
    )
