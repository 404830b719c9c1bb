"""What erasing takes out of each table, one statement a table, for some tickets at once.

What stays says nothing about a person: that there was a ticket, when it came, where it went, by
which versions and with what scores. The audit log stays whole: it never holds text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from core.text import model_text, text_hash
from store.bulk import copy_rows
from store.erasure.erased_examples import Gone, erase_examples
from store.erasure.exclusions import keyed, keyed_key

# Facts of a decision; whatever else an event tells could come from a ticket.
_BARE = [
    "ticket_id",
    "revision",
    "primary_department",
    "collaborators",
    "labels",
    "preselected",
    "suggested",
    "reason",
    "rung",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """A ticket that is locked and about to be erased."""

    id: UUID
    revision: int
    source: str
    external_id: str


_LOCK = text(
    "SELECT id, revision, source, external_id FROM tickets "
    "WHERE id = ANY(:ids) AND state <> 'erased' ORDER BY id FOR UPDATE"
)
_TEXTS = text("SELECT subject, body FROM ticket_contents WHERE ticket_id = ANY(:ids)")
_KEEP_TEXTS_OUT = text(
    "INSERT INTO erased_texts (text_hash, erasure_id) "
    f"SELECT DISTINCT {keyed('u.m')}, CAST(:erasure AS uuid) "
    "FROM unnest(CAST(:marks AS bytea[])) u(m) ON CONFLICT DO NOTHING"
)
_KEEP_TICKETS_OUT = text(
    "INSERT INTO erased_tickets (ticket_id, erasure_id, key_hash) "
    f"SELECT t.id, :erasure, {keyed_key('t.source', 't.external_id')} "
    "FROM tickets t WHERE t.id = ANY(:ids)"
)
# A key is reserved some moments before its tickets are stored.
_ANSWERS = text(
    """
DELETE FROM idempotency_keys
WHERE created_at >= (SELECT min(received_at) FROM tickets WHERE id = ANY(:ids))
    - interval '1 minute'
  AND (answer->>'id' = ANY(:names) OR answer->>'ticket_id' = ANY(:names) OR EXISTS (
    SELECT FROM json_array_elements(CASE json_typeof(answer->'tickets')
      WHEN 'array' THEN answer->'tickets' ELSE '[]' END) e WHERE e->>'id' = ANY(:names)))
"""
)
_LETTERS = text(
    """
UPDATE dead_letters SET payload = '', error = 'erased', field = ''
WHERE payload <> '' AND (payload LIKE ANY(CAST(:customers AS text[]))
  OR source = ANY(CAST(:sources AS text[])) AND payload LIKE ANY(CAST(:keys AS text[])))
"""
)
_BY_TABLE: Mapping[str, str] = {
    "ticket_contents": "DELETE FROM ticket_contents WHERE ticket_id = ANY(:ids)",
    "ticket_keys": "DELETE FROM ticket_keys k USING tickets t WHERE t.id = ANY(:ids) "
    "AND k.source = t.source AND k.external_id = t.external_id",
    "decisions": "UPDATE decisions SET trace = '[]', input_hash = '' WHERE ticket_id = ANY(:ids)",
    "decision_history": "UPDATE decision_history SET trace = '[]', input_hash = '' "
    "WHERE ticket_id = ANY(:ids)",
    "explanations": "DELETE FROM explanations WHERE ticket_id = ANY(:ids)",
    "ticket_sketches": "DELETE FROM ticket_sketches WHERE ticket_id = ANY(:ids)",
    "incident_tickets": "DELETE FROM incident_tickets WHERE ticket_id = ANY(:ids)",
    "imported_contents": "DELETE FROM imported_contents WHERE ticket_id = ANY(:ids)",
    "corrections": "UPDATE corrections SET note = '' WHERE ticket_id = ANY(:ids) AND note <> ''",
    "delivery_attempts": "UPDATE delivery_attempts a SET answer = '' FROM deliveries d "
    "WHERE d.id = a.delivery_id AND d.ticket_id = ANY(:ids) AND a.answer <> ''",
    "helpdesk_tickets": "DELETE FROM helpdesk_tickets WHERE ticket_id = ANY(:ids)",
    "outbox": "UPDATE outbox SET payload = (SELECT coalesce(jsonb_object_agg(k, v), '{}') "
    "FROM jsonb_each(payload) p(k, v) WHERE k = ANY(:bare)) WHERE ticket_id = ANY(:ids)",
}
_CLOSE_REVIEWS = (
    "UPDATE review_items SET outcome = 'superseded', resolved_at = clock_timestamp(), "
    "claimed_by = NULL, lease_until = NULL WHERE ticket_id = ANY(:ids) AND resolved_at IS NULL",
    "UPDATE correction_reviews r SET verdict = 'rejected', settled_by = :by, "
    "settled_at = clock_timestamp() FROM corrections c WHERE c.id = r.correction_id "
    "AND c.ticket_id = ANY(:ids) AND r.verdict = 'held'",
)
_END = text(
    "UPDATE tickets t SET state = 'erased', external_id = 'erased-' || encode(e.key_hash, 'hex'), "
    "content_hash = '', error = NULL, rescore = false, claim_token = NULL, claimed_by = NULL, "
    "lease_until = NULL FROM erased_tickets e WHERE t.id = ANY(:ids) AND e.ticket_id = t.id"
)


def lock(connection: Connection, ids: Sequence[UUID]) -> list[Doomed]:
    """Those of the tickets that are not erased yet, locked.

    No ticket comes in until the transaction ends: one with the same key that is on its way would
    else have looked for erased keys too early and put this one's back.
    """
    connection.execute(text("LOCK TABLE ticket_keys IN SHARE ROW EXCLUSIVE MODE"))
    return [Doomed(**row._mapping) for row in connection.execute(_LOCK, {"ids": list(ids)})]


def erase(
    connection: Connection, doomed: Sequence[Doomed], erasure: UUID, *, by: str
) -> dict[str, int]:
    """Takes everything personal of locked tickets out of every table, and keeps it out.

    Returns:
        Rows that were removed or emptied, by table.
    """
    ids = [ticket.id for ticket in doomed]
    marks = _keep_out(connection, ids, erasure)
    gone = Gone(ids={ticket.external_id for ticket in doomed}, marks=marks)
    removed = {
        **erase_examples(connection, gone),
        "idempotency_keys": connection.execute(
            _ANSWERS, {"ids": ids, "names": [str(id_) for id_ in ids]}
        ).rowcount,
        "dead_letters": _erase_letters(connection, doomed),
    }
    values: dict[str, object] = {"ids": ids, "bare": _BARE, "by": by}
    for table, statement in _BY_TABLE.items():
        removed[table] = connection.execute(text(statement), values).rowcount
    for statement in _CLOSE_REVIEWS:
        connection.execute(text(statement), values)
    removed["tickets"] = connection.execute(_END, {"ids": ids}).rowcount
    _tell(connection, doomed)
    return removed


def erase_beside_tickets(connection: Connection, customer: str) -> dict[str, int]:
    """Empties refused submissions that name a customer, and drops examples; rows, by table."""
    values = {"customers": _fields("customer", [customer]), "sources": [], "keys": []}
    return {
        "dead_letters": connection.execute(_LETTERS, values).rowcount,
        **erase_examples(connection, Gone(customers=[customer])),
    }


def _keep_out(connection: Connection, ids: Sequence[UUID], erasure: UUID) -> list[bytes]:
    """Gives the hashes of what the tickets said."""
    texts = [model_text(*row) for row in connection.execute(_TEXTS, {"ids": list(ids)})]
    marks = [text_hash(said) for said in texts if said]
    connection.execute(_KEEP_TEXTS_OUT, {"marks": marks, "erasure": erasure})
    connection.execute(_KEEP_TICKETS_OUT, {"ids": list(ids), "erasure": erasure})
    return marks


def _erase_letters(connection: Connection, doomed: Sequence[Doomed]) -> int:
    values = {
        "customers": [],
        "sources": sorted({ticket.source for ticket in doomed}),
        "keys": _fields("id", [ticket.external_id for ticket in doomed]),
    }
    return connection.execute(_LETTERS, values).rowcount


def _fields(name: str, values: Sequence[str]) -> list[str]:
    """LIKE patterns for a field of a payload, which `json.dumps` wrote and may have been cut."""
    said = (f'"{name}": {json.dumps(value)}' for value in values)
    escaped = (each.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") for each in said)
    return [f"%{each}%" for each in escaped]


def _tell(connection: Connection, doomed: Sequence[Doomed]) -> None:
    """Whoever listens to the stream learns that there is nothing to see any more."""
    copy_rows(
        connection,
        "outbox",
        ("id", "event", "ticket_id", "revision", "payload"),
        (
            (
                uuid7(),
                "ticket.erased",
                ticket.id,
                ticket.revision,
                json.dumps({"ticket_id": str(ticket.id), "revision": ticket.revision}),
            )
            for ticket in doomed
        ),
    )
