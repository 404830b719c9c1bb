"""A helpdesk's past of any size: tickets of a month, decisions, events, words of people.

Four hundred decisions are made by the code that makes them; PostgreSQL repeats them at moments that
chance spreads over the last 29 days. Every fiftieth ticket was corrected, every hundredth waits
for a person until a thousand do, and each tenth left a line in the audit log.
"""

import json
import random
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine, text

from cli.demo.plan import make_plan, pick_tickets
from core.types import Rung
from router.decide import decide
from router.policy import make_policy
from router.rulebook import compile_rulebook
from router.ruleset import ruleset_object
from store.bulk import copy_rows
from store.engine import transaction
from store.models import model_versions
from store.partitions import make_partitions
from store.rules import rulesets, taxonomy

VERSIONS = ("aaaaaaaaaaa1", "aaaaaaaaaaa2")
_KINDS = 400
_BITE = 100_000
_DAYS = 29
_FIELDS = ("channel", "language", "customer", "priority")
_LOOKS = ("primary_department", "collaborators", "labels", "reason", "rule", "trace", "scores")
_TEMPLATE = """
CREATE TABLE made (n int PRIMARY KEY, subject text, body text, channel text, language text,
  customer text, priority text, primary_department text, collaborators text[], labels text[],
  reason text, rule text, trace jsonb, scores jsonb)
"""
# A UUIDv7: 48 bits of milliseconds, the version, then the number of the ticket.
_NEW = f"""
CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS SELECT m.n, m.at, CAST(
    lpad(to_hex(CAST(extract(epoch FROM m.at) * 1000 AS bigint)), 12, '0') || '70008000'
    || lpad(to_hex(m.n), 12, '0') AS uuid) AS id
FROM (SELECT n, clock_timestamp() - interval '1 hour' - random() * interval '{_DAYS} days' AS at
  FROM generate_series(CAST(:low AS bigint), :high) n OFFSET 0) m
"""
_FILL = (
    "INSERT INTO tickets (id, source, external_id, state, content_hash, next_at, due_at, "
    "received_at, decided_at) SELECT id, 'shop', 't-' || n, CASE WHEN n % 100 = 0 AND n <= 100000 "
    "THEN 'review' ELSE 'decided' END, '', at, at, at, at FROM fresh ORDER BY id",
    "INSERT INTO ticket_keys (source, external_id, ticket_id) SELECT 'shop', 't-' || n, id "
    "FROM fresh",
    "INSERT INTO ticket_contents (ticket_id, revision, subject, body, channel, language, "
    "customer, priority) SELECT f.id, 1, m.subject, m.body, m.channel, m.language, "
    f"'c-' || f.n % 50000, m.priority FROM fresh f JOIN made m ON m.n = f.n % {_KINDS} ORDER BY 1",
    "INSERT INTO decisions (ticket_id, revision, primary_department, collaborators, labels, "
    "reason, rule, trace, scores, rung, model_version, ruleset_version, input_hash, claim_token, "
    "decided_at) SELECT f.id, 1, m.primary_department, m.collaborators, m.labels, m.reason, "
    "m.rule, m.trace, m.scores, 'model', 'aaaaaaaaaaa' || 1 + f.n % 2, 1, '', 1, "
    "f.at + random() * interval '3 seconds' FROM fresh f "
    f"JOIN made m ON m.n = f.n % {_KINDS} ORDER BY 1",
    "INSERT INTO outbox (id, event, ticket_id, revision, payload, created_at) "
    "SELECT id, 'ticket.routed', id, 1, '{}', at FROM fresh ORDER BY id",
    "INSERT INTO corrections (id, ticket_id, revision, kind, labels, agent, created_at, given_at) "
    "SELECT f.id, f.id, 1, CASE WHEN f.n % 250 = 0 THEN 'wrong_label' ELSE 'confirmed' END, "
    "CASE WHEN f.n % 250 = 0 THEN ARRAY['refund'] END, 'agent-' || f.n % 9, f.at, f.at "
    "FROM fresh f WHERE f.n % 50 = 0",
    "INSERT INTO review_items (ticket_id, revision, reasons, uncertainty, due_at, created_at, "
    "outcome, resolved_by, resolved_at) SELECT id, 1, ARRAY['no_rule'], random(), at, at, "
    "CASE WHEN n > 100000 THEN 'accepted' END, CASE WHEN n > 100000 THEN 'anna' END, "
    "CASE WHEN n > 100000 THEN at END FROM fresh WHERE n % 100 = 0",
    "INSERT INTO audit_log (actor, action, subject, at, previous, hash) "
    "SELECT 'person-' || n % 40, (ARRAY['rules.saved', 'people.signed_in', 'ticket.replayed'])"
    "[1 + n % 3], 'ruleset ' || n, clock_timestamp(), sha256(CAST('p' || n AS bytea)), "
    "sha256(CAST('h' || n AS bytea)) "
    "FROM fresh WHERE n % 10 = 0 ORDER BY n",
)


def prepare(engine: Engine) -> None:
    """Words, rules, two versions, and the decisions that are repeated."""
    transaction(engine, _prepare)


def fill(engine: Engine, low: int, high: int) -> None:
    """Adds tickets from number `low` on and below `high`, then lets PostgreSQL look at them."""
    for start in range(low, high, _BITE):
        transaction(engine, partial(_fill, low=start, high=min(start + _BITE, high) - 1))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _fill(connection: Connection, low: int, high: int) -> None:
    connection.execute(text(_NEW), {"low": low, "high": high})
    for statement in _FILL:
        connection.execute(text(statement))


def _prepare(connection: Connection) -> None:
    plan, chance = make_plan(None), random.Random(7)
    earlier = datetime.now(UTC) - timedelta(days=_DAYS + 1)
    make_partitions(connection, now=earlier, months_ahead=2)
    taxonomy.add_labels(connection, plan.labels)
    taxonomy.add_departments(connection, plan.departments)
    rulesets.save(connection, ruleset_object(plan.ruleset), author="benchmark", note="first")
    labels = [label.name for label in plan.labels]
    for version in VERSIONS:
        model_versions.register(
            connection, version=version, path=plan.data, labels=labels, metrics={}
        )
        model_versions.activate(connection, version, actor="benchmark")
    connection.execute(text(_TEMPLATE))
    policy, book = make_policy(dict.fromkeys(labels, 0.5)), compile_rulebook(plan.ruleset)
    rows = []
    for number, ticket in enumerate(pick_tickets(plan.data, most=_KINDS, first=frozenset())):
        scores = {label: round(chance.betavariate(0.15, 1.2), 6) for label in labels}
        routing = decide(
            scores=scores, policy=policy, rulebook=book, ticket=ticket, rung=Rung.MODEL, now=earlier
        )
        looks = (routing.primary, list(routing.collaborators), list(routing.labels))
        why = (routing.reason, routing.rule, json.dumps(routing.trace), json.dumps(scores))
        said = (ticket.subject, ticket.body, *(getattr(ticket, name) for name in _FIELDS))
        rows.append((number, *said, *looks, *why))
    copy_rows(connection, "made", ("n", "subject", "body", *_FIELDS, *_LOOKS), rows)
