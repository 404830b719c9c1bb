"""Tickets decided by production's own functions and stored as a worker stores them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from core.types import Rung, Ticket
from router.parse import parse_ruleset
from router.policy import policy_object
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset, ruleset_object
from store.decided.decisions import Finished, finish
from store.models import model_versions
from store.queue import workers
from store.queue.claims import Claim, claim
from store.queue.tickets import accept
from store.rules import rulesets
from tests.factories.scorers import FakeScorer
from worker.deciding import decided
from worker.host import Serving

Scored = tuple[Ticket, Mapping[str, float]]


def decide_stored(
    connection: Connection,
    ruleset: Ruleset,
    tickets: Sequence[Scored],
    *,
    thresholds: Mapping[str, float],
) -> list[UUID]:
    """Saves rules, sends tickets and decides them by their scores; returns their ids."""
    version = rulesets.save(connection, ruleset_object(ruleset), author="ops", note="")
    labels = tuple(thresholds)
    serving = Serving(
        scorer=FakeScorer(labels=labels, thresholds=dict(thresholds)),
        rulebook=compile_rulebook(parse_ruleset(ruleset_object(ruleset))),
        ruleset_version=version,
    )
    document = policy_object(serving.policy)
    model_versions.keep_thresholds(connection, serving.policy.version, document)
    scores = {ticket.id: [own.get(x, 0.0) for x in labels] for ticket, own in tickets}
    accepted = accept(connection, [ticket for ticket, _ in tickets], source="s")
    worker = workers.register(connection, host="h", pid=1, device="cpu", rung=Rung.MODEL)
    claims = claim(connection, worker=worker, most=10_000, lease_s=30)
    now = datetime.now(UTC)
    finish(connection, [_finished(each, scores[each.ticket.id], serving, now) for each in claims])
    # Rules on hours name the minute, which may end between deciding and storing.
    connection.execute(text("UPDATE decisions SET decided_at = :now"), {"now": now})
    return [each.id for each in accepted]


def _finished(claimed: Claim, row: Sequence[float], serving: Serving, now: datetime) -> Finished:
    return decided(claimed, text="t", row=row, serving=serving, now=now)
