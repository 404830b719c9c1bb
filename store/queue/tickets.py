"""Tickets in, by their natural key: created once, revised when their content changed."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text
from uuid_utils.compat import uuid7

from core.errors import Invalid
from core.redaction import AS_GIVEN, Redactor
from core.ticket_json import ticket_object
from core.types import Ticket, TicketState
from core.urgency import due_at
from store.bulk import copy_rows
from store.erasure.exclusions import keyed_key
from store.feedback.review_items import supersede
from store.figures.hour_counts import mark_hours


class Outcome(StrEnum):
    """What accepting a ticket did."""

    CREATED = "created"
    REVISED = "revised"
    DUPLICATE = "duplicate"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A ticket that is in the database now; an erased one without anything that it said."""

    id: UUID
    external_id: str
    revision: int
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """What the tickets of one call share: who sends them, what they become, when they came."""

    source: str
    state: TicketState
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    id: UUID
    revision: int
    content_hash: bytes


def accept(
    connection: Connection,
    tickets: Sequence[Ticket],
    *,
    source: str,
    redact: Redactor = AS_GIVEN,
) -> list[Accepted]:
    """Stores tickets to be routed; the same content twice is one ticket.

    A ticket that was erased does not come back: its outcome is `erased`.

    Args:
        connection: an open transaction; the tickets are accepted once it commits.
        tickets: in the order sent; of two with one id, the later is the newer revision.
        source: who sends them; (source, ticket id) is the natural key.
        redact: takes out what must not be stored (`core.redaction`).

    Returns:
        One entry for each ticket, in the order given.
    """
    clean = [redact.ticket(ticket) for ticket in tickets]
    return _store(connection, clean, source=source, state=TicketState.ACCEPTED)


def import_labelled(
    connection: Connection,
    tickets: Sequence[Ticket],
    *,
    source: str,
    redact: Redactor = AS_GIVEN,
) -> list[Accepted]:
    """Stores tickets that people have already settled: no decision is made, no event sent.

    What was erased stays away, as with `accept`.

    Raises:
        Invalid: a ticket has no `labels`, so there is nothing to learn from.
    """
    for ticket in tickets:
        if ticket.labels is None:
            raise Invalid("labels", "is missing", "give the labels that people chose, or []")
    clean = [redact.ticket(ticket) for ticket in tickets]
    stored = _store(connection, clean, source=source, state=TicketState.DECIDED)
    mark_hours(connection, [entry.id for entry in stored])
    return stored


def find(connection: Connection, reference: str) -> UUID | None:
    """The id of a ticket by its UUID or by its sender's id (the newest, if sources share it)."""
    found = connection.execute(
        text(
            # PostgreSQL 18 skips from source to source in the key; before, this reads the index.
            "SELECT ticket_id FROM ticket_keys WHERE external_id = :ref "
            "ORDER BY ticket_id DESC LIMIT 1"
        )
        if not _is_uuid(reference)
        else text("SELECT id FROM tickets WHERE id = CAST(:ref AS uuid)"),
        {"ref": reference},
    ).scalar()
    return None if found is None else UUID(str(found))


def source_of(connection: Connection, ticket_id: UUID) -> str | None:
    """Who sent a ticket; None where there is none."""
    statement = text("SELECT source FROM tickets WHERE id = :id")
    found: str | None = connection.execute(statement, {"id": ticket_id}).scalar()
    return found


def content_hash(ticket: Ticket) -> bytes:
    """SHA-256 over everything the sender said, so that any change counts as a revision."""
    canonical = json.dumps(ticket_object(ticket), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).digest()


def _store(
    connection: Connection, tickets: Sequence[Ticket], *, source: str, state: TicketState
) -> list[Accepted]:
    accepted: list[Accepted | None] = [None] * len(tickets)
    now = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    arrival = _Arrival(source=source, state=state, at=now)
    for places in _rounds(tickets):
        batch = {tickets[place].id: tickets[place] for place in places}
        entries = _store_distinct(connection, batch, arrival)
        for place in places:
            accepted[place] = entries[tickets[place].id]
    return [entry for entry in accepted if entry is not None]


def _rounds(tickets: Sequence[Ticket]) -> Iterator[list[int]]:
    """Places of the tickets in rounds of distinct ids, so that a repeat follows its forerunner."""
    waiting = list(range(len(tickets)))
    while waiting:
        first = {tickets[place].id: place for place in reversed(waiting)}
        yield sorted(first.values())
        taken = set(first.values())
        waiting = [place for place in waiting if place not in taken]


def _store_distinct(
    connection: Connection, batch: dict[str, Ticket], arrival: _Arrival
) -> dict[str, Accepted]:
    source = arrival.source
    created = _reserve_keys(connection, list(batch), source=source)
    _insert_tickets(connection, [(id_, batch[key]) for key, id_ in created.items()], arrival)
    entries = {key: _entry(key, id_, 1, Outcome.CREATED) for key, id_ in created.items()}
    known = _lock_known(connection, [key for key in batch if key not in created], source=source)
    for key, row in known.items():
        same = row.content_hash == content_hash(batch[key])
        outcome = Outcome.DUPLICATE if same else Outcome.REVISED
        entries[key] = _entry(key, row.id, row.revision + (not same), outcome)
    entries |= _erased(connection, [key for key in batch if key not in entries], source=source)
    revised = [entry for entry in entries.values() if entry.outcome is Outcome.REVISED]
    _revise(connection, revised, batch, arrival)
    return entries


_RESERVE = text(
    "INSERT INTO ticket_keys (source, external_id, ticket_id) "
    "SELECT :source, k, i FROM unnest(CAST(:keys AS text[]), CAST(:ids AS uuid[])) u(k, i) "
    "WHERE NOT EXISTS (SELECT FROM erased_tickets) OR NOT EXISTS (SELECT FROM erased_tickets e "
    f"WHERE e.key_hash = {keyed_key('CAST(:source AS text)', 'k')}) "
    "ON CONFLICT DO NOTHING RETURNING external_id, ticket_id"
)
_ERASED = text(
    "SELECT k AS key, t.id, t.revision FROM unnest(CAST(:keys AS text[])) u(k) "
    f"JOIN erased_tickets e ON e.key_hash = {keyed_key('CAST(:source AS text)', 'k')} "
    "JOIN tickets t ON t.id = e.ticket_id"
)


def _reserve_keys(connection: Connection, keys: list[str], *, source: str) -> dict[str, UUID]:
    """Inserts the keys that are new; sorted, so that two senders cannot deadlock."""
    ordered = sorted(keys)
    rows = connection.execute(
        _RESERVE, {"source": source, "keys": ordered, "ids": [uuid7() for _ in ordered]}
    )
    return {key: id_ for key, id_ in rows}


def _erased(connection: Connection, keys: list[str], *, source: str) -> dict[str, Accepted]:
    """Keys that are neither new nor known: their tickets were erased."""
    rows = connection.execute(_ERASED, {"source": source, "keys": keys}) if keys else ()
    return {row.key: _entry(row.key, row.id, row.revision, Outcome.ERASED) for row in rows}


def _insert_tickets(
    connection: Connection, new: list[tuple[UUID, Ticket]], arrival: _Arrival
) -> None:
    if not new:
        return
    copy_rows(
        connection,
        "tickets",
        ("id", "source", "external_id", "state", "content_hash", "due_at"),
        ((id_, *_standing(ticket, arrival)) for id_, ticket in new),
    )
    _insert_contents(connection, [(id_, 1, ticket) for id_, ticket in new])


def _standing(ticket: Ticket, arrival: _Arrival) -> tuple[Any, ...]:
    due = due_at(ticket, received_at=arrival.at)
    return (arrival.source, ticket.id, arrival.state, content_hash(ticket), due)


def _insert_contents(connection: Connection, contents: list[tuple[UUID, int, Ticket]]) -> None:
    columns = [
        "subject",
        "body",
        "channel",
        "language",
        "customer",
        "priority",
        "metadata",
        "created_at",
        "deadline",
        "labels",
    ]
    copy_rows(
        connection,
        "ticket_contents",
        ("ticket_id", "revision", *columns),
        ((id_, revision, *_content(ticket)) for id_, revision, ticket in contents),
    )


def _content(ticket: Ticket) -> tuple[Any, ...]:
    return (
        ticket.subject,
        ticket.body,
        ticket.channel,
        ticket.language,
        ticket.customer,
        ticket.priority,
        json.dumps(dict(ticket.metadata)),
        ticket.created_at,
        ticket.deadline,
        None if ticket.labels is None else list(ticket.labels),
    )


def _lock_known(connection: Connection, keys: list[str], *, source: str) -> dict[str, _Known]:
    if not keys:
        return {}
    found = connection.execute(
        text(
            "SELECT ticket_id, external_id FROM ticket_keys "
            "WHERE source = :source AND external_id = ANY(:keys)"
        ),
        {"source": source, "keys": keys},
    )
    ids = {row.ticket_id: row.external_id for row in found}
    rows = connection.execute(
        text(
            "SELECT id, revision, content_hash FROM tickets WHERE id = ANY(:ids) "
            "ORDER BY id FOR UPDATE"
        ),
        {"ids": list(ids)},
    )
    return {ids[row.id]: _known(row) for row in rows}


def _known(row: Row[Any]) -> _Known:
    return _Known(id=row.id, revision=row.revision, content_hash=bytes(row.content_hash))


def _revise(
    connection: Connection, revised: list[Accepted], batch: dict[str, Ticket], arrival: _Arrival
) -> None:
    """Adds the new contents and starts the ticket again; a claim on the old revision is void.

    One that still waits keeps its place unless it became more urgent, so that a ticket which is
    edited again and again is not put off for ever.
    """
    if not revised:
        return
    supersede(connection, [entry.id for entry in revised])
    connection.execute(
        text(
            "UPDATE tickets t SET revision = u.r, state = :state, content_hash = u.h, "
            "attempts = 0, claim_token = NULL, claimed_by = NULL, lease_until = NULL, "
            "rescore = false, error = NULL, next_at = clock_timestamp(), "
            "due_at = CASE WHEN t.state IN ('accepted', 'claimed') "
            "THEN least(t.due_at, u.d) ELSE u.d END "
            "FROM unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[]), "
            "CAST(:hashes AS bytea[]), CAST(:dues AS timestamptz[])) u(i, r, h, d) "
            "WHERE t.id = u.i AND t.id = ANY(:ids)"
        ),
        {
            "state": arrival.state,
            "ids": [entry.id for entry in revised],
            "revisions": [entry.revision for entry in revised],
            "hashes": [content_hash(batch[entry.external_id]) for entry in revised],
            "dues": [due_at(batch[e.external_id], received_at=arrival.at) for e in revised],
        },
    )
    _insert_contents(connection, [(e.id, e.revision, batch[e.external_id]) for e in revised])


def _entry(key: str, id_: UUID, revision: int, outcome: Outcome) -> Accepted:
    return Accepted(id=id_, external_id=key, revision=revision, outcome=outcome)


def _is_uuid(reference: str) -> bool:
    try:
        UUID(reference)
    except ValueError:
        return False
    return True
