"""Explanations: asked for by a door, made by a worker, kept for a while.

An explanation belongs to a text and to what scored it, and not to one decision: rules and levels
change nothing in it. It holds places in the text and never the text itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.types import Rung, Ticket
from store.contents import ticket_of

MOST_ATTEMPTS = 2
"""A worker that is stopped in the midst of one is no reason to give up; a second death is."""


class ExplanationState(StrEnum):
    """Whether a worker has still to make it, has made it, or could not."""

    ASKED = "asked"
    MADE = "made"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is explained: the text of a ticket's revision, as a rung of a model version scores it.

    Attributes:
        model_version: "" for a rung that has none.
        rung: `Rung.MODEL` for the network, whatever device it ran on.
    """

    ticket_id: UUID
    revision: int
    model_version: str
    rung: Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What stands of an explanation; `result` is as `worker.explained` made it, None before."""

    state: ExplanationState
    result: Mapping[str, Any] | None
    error: str | None
    made_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One that is ours to make for now.

    Attributes:
        attempts: how often it was taken, this time included.
        ticket_attempts: how often its ticket was claimed before it was decided.
    """

    subject: Subject
    ticket: Ticket
    attempts: int
    ticket_attempts: int


_THIS = (
    "ticket_id = :ticket_id AND revision = :revision AND model_version = :model_version "
    "AND rung = :rung"
)
_OF_TICKET = text(
    "SELECT t.revision, d.rung, d.model_version FROM tickets t "
    "LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision WHERE t.id = :id"
)
_ASK = text(
    "INSERT INTO explanations (ticket_id, revision, model_version, rung) "
    "VALUES (:ticket_id, :revision, :model_version, :rung) ON CONFLICT DO NOTHING"
)
# Its phrases stay true; tickets like it may have been corrected since.
_REFRESH = text(
    "UPDATE explanations SET state = 'asked', attempts = 0, lease_until = NULL, error = NULL, "
    f"asked_at = clock_timestamp() WHERE {_THIS} AND state <> 'asked' "
    "AND asked_at < clock_timestamp() - make_interval(secs => :fresh_s) "
    "AND (state = 'failed' OR result -> 'complete' = 'false' "
    "OR made_at < (SELECT max(created_at) FROM corrections))"
)
_READ = text(f"SELECT state, result, error, made_at FROM explanations WHERE {_THIS}")
_TAKE = text(
    """
UPDATE explanations e SET attempts = e.attempts + 1,
  lease_until = clock_timestamp() + make_interval(secs => :lease_s)
FROM (
  SELECT ticket_id, revision, model_version, rung FROM explanations
  WHERE state = 'asked' AND (lease_until IS NULL OR lease_until < clock_timestamp())
  ORDER BY asked_at LIMIT 1 FOR UPDATE SKIP LOCKED
) n
WHERE e.ticket_id = n.ticket_id AND e.revision = n.revision
  AND e.model_version = n.model_version AND e.rung = n.rung
RETURNING e.ticket_id, e.revision, e.model_version, e.rung, e.attempts
"""
)
_CONTENT = text(
    "SELECT t.external_id, t.attempts, c.* FROM tickets t "
    "JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = :revision "
    "WHERE t.id = :ticket_id AND t.state <> 'erased'"
)
_KEEP = text(
    "UPDATE explanations SET state = 'made', result = CAST(:result AS jsonb), error = NULL, "
    f"lease_until = NULL, made_at = clock_timestamp() WHERE {_THIS}"
)
_FAIL = text(
    "UPDATE explanations SET state = CASE WHEN result IS NULL THEN 'failed' ELSE 'made' END, "
    f"error = :error, lease_until = NULL WHERE {_THIS}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A ticket's revision, and what scored its standing decision; None where nothing did."""

    revision: int
    subject: Subject | None


def scored_by(connection: Connection, ticket_id: UUID) -> Scored | None:
    """What there is to explain of a ticket; None where there is no such ticket."""
    row = connection.execute(_OF_TICKET, {"id": ticket_id}).one_or_none()
    if row is None:
        return None
    if row.rung is None or Rung(row.rung) is Rung.DEFAULT:
        return Scored(revision=row.revision, subject=None)
    rung = Rung(row.rung)
    return Scored(
        revision=row.revision,
        subject=Subject(
            ticket_id=ticket_id,
            revision=row.revision,
            model_version=row.model_version or "",
            rung=Rung.MODEL if rung is Rung.MODEL_CPU else rung,
        ),
    )


def ask(connection: Connection, subject: Subject, *, fresh_s: float) -> Explanation:
    """Sees to it that there is an explanation, or will be, and gives what stands now.

    One that was asked for more than `fresh_s` seconds ago is made again where feedback has come in
    since, where not all of it had been looked at, or where it failed; what was made before stands
    until then.
    """
    connection.execute(_ASK, _key(subject))
    connection.execute(_REFRESH, {**_key(subject), "fresh_s": fresh_s})
    found = read(connection, subject)
    assert found is not None, "it was just asked for"
    return found


def read(connection: Connection, subject: Subject) -> Explanation | None:
    """What stands; None where nobody has asked."""
    row = connection.execute(_READ, _key(subject)).one_or_none()
    if row is None:
        return None
    return Explanation(**{**row._mapping, "state": ExplanationState(row.state)})


def take(connection: Connection, *, lease_s: float) -> Asked | None:
    """Takes the one that has waited longest; None where none waits.

    One whose text is gone is dropped.
    """
    row = connection.execute(_TAKE, {"lease_s": lease_s}).one_or_none()
    if row is None:
        return None
    subject = Subject(
        ticket_id=row.ticket_id,
        revision=row.revision,
        model_version=row.model_version,
        rung=Rung(row.rung),
    )
    key = _key(subject)
    content = connection.execute(_CONTENT, key).one_or_none()
    if content is None:
        connection.execute(text(f"DELETE FROM explanations WHERE {_THIS}"), key)
        return None
    return Asked(
        subject=subject,
        ticket=ticket_of(content, external_id=content.external_id, labels=None),
        attempts=row.attempts,
        ticket_attempts=content.attempts,
    )


def keep(connection: Connection, subject: Subject, result: str) -> None:
    """Stores what was made, as JSON."""
    connection.execute(_KEEP, {**_key(subject), "result": result})


def fail(connection: Connection, subject: Subject, error: str) -> None:
    """Gives up; `error` quotes no ticket. What was made before stands."""
    connection.execute(_FAIL, {**_key(subject), "error": error})


def forget(connection: Connection, *, days: float) -> int:
    """Drops those asked for longer ago; a door asks again. Returns how many."""
    dropped = connection.execute(
        text(
            "DELETE FROM explanations "
            "WHERE asked_at < clock_timestamp() - make_interval(secs => :seconds)"
        ),
        {"seconds": days * 86_400},
    )
    return int(dropped.rowcount)


def _key(subject: Subject) -> dict[str, Any]:
    return {
        "ticket_id": subject.ticket_id,
        "revision": subject.revision,
        "model_version": subject.model_version,
        "rung": subject.rung,
    }
