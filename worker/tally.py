"""What is counted of decisions that are stored: rungs, reasons, labels, departments, times."""

import time
from collections.abc import Collection, Iterable
from uuid import UUID

from core.types import Decision
from store.queue.claims import Claim
from worker.counters import Counters


def tally(counters: Counters, decisions: Iterable[Decision], stored: Collection[UUID]) -> None:
    """Counts each decision whose ticket is among those stored."""
    for decision in decisions:
        if decision.ticket_id in stored:
            routing = decision.routing
            counters.tally("decisions", decision.rung, routing.reason)
            counters.tally("decided_departments", routing.primary)
            for label in routing.labels:
                counters.tally("decided_labels", label)


def time_to_decision(counters: Counters, claims: Iterable[Claim]) -> None:
    """Counts how long each of these tickets took from when it could be claimed until now."""
    now = time.monotonic()
    counters.observe(
        "ticket_decision_seconds", (claim.waited_s + now - claim.claimed_at for claim in claims)
    )
