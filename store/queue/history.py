"""Tickets that people settled long ago, to learn from: no decision, no event, no review.

Each comes in once: by its natural key, and by what it says, since exports hold tickets twice under
two ids. A ticket that is routed here is none of the past and stays as it is.
"""

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection, text

from core.redaction import AS_GIVEN, Redactor
from core.text import model_text
from core.types import Ticket
from store.queue.tickets import Accepted, Outcome, import_labelled


class Taken(StrEnum):
    """What became of one old ticket.

    The first four are as when a ticket is accepted. The same content is there under another id;
    the ticket is routed here, so it was left alone.
    """

    CREATED = "created"
    REVISED = "revised"
    DUPLICATE = "duplicate"
    ERASED = "erased"
    SAME_CONTENT = "same_content"
    LIVE = "live"


# Imports go one after the other, so that two of them cannot both find a content missing.
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_IMPORT_LOCK = 0x696D706F7274
_LIVE = text(
    """
SELECT k.external_id, t.state NOT IN ('decided', 'erased')
  OR EXISTS (SELECT FROM decisions d WHERE d.ticket_id = t.id) AS is_live
FROM ticket_keys k JOIN tickets t ON t.id = k.ticket_id
WHERE k.source = :source AND k.external_id = ANY(CAST(:keys AS text[]))
"""
)
_THERE = text(
    "SELECT content_hash FROM imported_contents WHERE content_hash = ANY(CAST(:marks AS bytea[]))"
)
_FORGET = text("DELETE FROM imported_contents WHERE ticket_id = ANY(CAST(:ids AS uuid[]))")
_REMEMBER = text(
    "INSERT INTO imported_contents (content_hash, ticket_id) "
    "SELECT m, i FROM unnest(CAST(:marks AS bytea[]), CAST(:ids AS uuid[])) u(m, i) "
    "ON CONFLICT DO NOTHING"
)


def take_history(
    connection: Connection,
    tickets: Sequence[Ticket],
    *,
    source: str,
    redact: Redactor = AS_GIVEN,
) -> list[Taken]:
    """Stores old tickets with the labels that people gave them; the same again changes nothing.

    Args:
        connection: an open transaction.
        tickets: with labels; of two with one id the later is the newer revision.
        source: where they come from; (source, ticket id) is the natural key.
        redact: takes out what must not be stored.

    Returns:
        What became of each, in the order given.

    Raises:
        Invalid: a ticket has no labels.
    """
    connection.execute(_LOCK, {"key": _IMPORT_LOCK})
    clean = [redact.ticket(ticket) for ticket in tickets]
    marks = [content_mark(ticket) for ticket in clean]
    taken = _left_out(connection, clean, marks, source=source)
    stored = [place for place, outcome in enumerate(taken) if outcome is None]
    accepted = import_labelled(connection, [clean[place] for place in stored], source=source)
    _remember(connection, accepted, [marks[place] for place in stored])
    outcomes = dict(zip(stored, (Taken(entry.outcome) for entry in accepted), strict=True))
    return [outcomes[place] if outcome is None else outcome for place, outcome in enumerate(taken)]


def content_mark(ticket: Ticket) -> bytes:
    """SHA-256 (32 bytes) of what a model would read and learn: equal texts with equal labels."""
    said = [model_text(ticket.subject, ticket.body), *sorted(ticket.labels or ())]
    return hashlib.sha256(json.dumps(said).encode()).digest()


def _left_out(
    connection: Connection, tickets: Sequence[Ticket], marks: Sequence[bytes], *, source: str
) -> list[Taken | None]:
    """Why a ticket is not stored; None for those that are, or whose key will tell."""
    keys = [ticket.id for ticket in tickets]
    rows = connection.execute(_LIVE, {"source": source, "keys": keys})
    known = {row.external_id: row.is_live for row in rows}
    there = set(connection.execute(_THERE, {"marks": list(marks)}).scalars())
    first: dict[bytes, str] = {}
    taken: list[Taken | None] = []
    for key, mark in zip(keys, marks, strict=True):
        if key in known:
            taken.append(Taken.LIVE if known[key] else None)
        else:
            is_new = mark not in there and first.setdefault(mark, key) == key
            taken.append(None if is_new else Taken.SAME_CONTENT)
    return taken


def _remember(connection: Connection, accepted: Sequence[Accepted], marks: Sequence[bytes]) -> None:
    """Notes what stands now; what a revised ticket said before may come again under another id."""
    changed = {Outcome.CREATED, Outcome.REVISED}
    new: dict[UUID, bytes] = {
        entry.id: mark
        for entry, mark in zip(accepted, marks, strict=True)
        if entry.outcome in changed
    }
    connection.execute(_FORGET, {"ids": list(new)})
    connection.execute(_REMEMBER, {"marks": list(new.values()), "ids": list(new)})
