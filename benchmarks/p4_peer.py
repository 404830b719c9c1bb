"""The peer of P4: a Celery task a ticket, which decides and writes the same rows.

No claims, no fences, no batches: what a straightforward Celery worker does. One solo process.
"""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from benchmarks.p4_worker import LABELS, SCORES
from broker.app import make_consumer_app
from broker.messages import ROUTE, TICKETS_QUEUE
from core.process import die_with_parent
from core.settings import load_settings
from core.text import model_text, text_hash
from core.types import Rung, Ticket
from router.decide import decide
from router.parse import parse_ruleset
from router.policy import make_policy
from router.rulebook import Rulebook, compile_rulebook
from store.engine import make_engine, transaction
from store.rules import rulesets

_SCORES = dict(zip(LABELS, SCORES, strict=True))
_POLICY = make_policy(dict.fromkeys(LABELS, 0.5))
_READ = text(
    "SELECT t.external_id, t.revision, c.subject, c.body FROM tickets t JOIN ticket_contents c "
    "ON c.ticket_id = t.id AND c.revision = t.revision WHERE t.id = :id"
)
_DECIDE = text(
    "INSERT INTO decisions (ticket_id, revision, primary_department, collaborators, labels, "
    "reason, rule, trace, scores, rung, ruleset_version, input_hash, claim_token) "
    "VALUES (:id, :revision, :primary, :collaborators, :labels, :reason, :rule, :trace, "
    ":scores, 'model', 1, :hash, 0)"
)
_TELL = text(
    "INSERT INTO outbox (id, event, ticket_id, revision, payload) "
    "VALUES (:event_id, 'ticket.routed', :id, :revision, :scores)"
)
_FINISH = text(
    "UPDATE tickets SET state = 'decided', decided_at = clock_timestamp() WHERE id = :id"
)


def route_one(connection: Connection, rulebook: Rulebook, id_: UUID) -> None:
    """Reads, decides and writes one ticket."""
    row = connection.execute(_READ, {"id": id_}).one()
    ticket = Ticket(id=row.external_id, subject=row.subject, body=row.body)
    routing = decide(
        scores=_SCORES,
        policy=_POLICY,
        rulebook=rulebook,
        ticket=ticket,
        rung=Rung.MODEL,
        now=datetime.now(UTC),
    )
    values: dict[str, Any] = {
        "id": id_,
        "event_id": uuid7(),
        "revision": row.revision,
        "primary": routing.primary,
        "collaborators": list(routing.collaborators),
        "labels": list(routing.labels),
        "reason": routing.reason,
        "rule": routing.rule,
        "trace": json.dumps(routing.trace),
        "scores": json.dumps(_SCORES),
        "hash": text_hash(model_text(ticket.subject, ticket.body)),
    }
    for statement in (_DECIDE, _TELL, _FINISH):
        connection.execute(statement, values)


def main() -> None:
    die_with_parent()
    settings = load_settings()
    database_url, redis_url = settings.service_urls()
    engine = make_engine(database_url, pool_size=2, statement_timeout_s=10)
    ruleset = transaction(engine, rulesets.active)
    assert ruleset is not None
    rulebook = compile_rulebook(parse_ruleset(ruleset.document))
    app = make_consumer_app(redis_url, visibility_timeout_s=3600)

    @app.task(name=ROUTE)
    def route(ids: list[str]) -> None:
        transaction(engine, lambda c: route_one(c, rulebook, UUID(ids[0])))

    app.Worker(pool="solo", concurrency=1, queues=[TICKETS_QUEUE], quiet=True).start()


if __name__ == "__main__":
    main()
