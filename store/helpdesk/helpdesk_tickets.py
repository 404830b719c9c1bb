"""Where tickets were last seen in their helpdesks, what we wrote there, and answered deliveries."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import Transient

_BITE = 5_000  # rows of one transaction
_FORGET = text(
    "DELETE FROM helpdesk_deliveries WHERE (connection, delivery_id) IN ("
    "SELECT connection, delivery_id FROM helpdesk_deliveries WHERE received_at < :moment "
    "ORDER BY received_at LIMIT :most)"
)
_BEGIN = text(
    "INSERT INTO helpdesk_tickets (connection, external_id) VALUES (:connection, :external_id) "
    "ON CONFLICT DO NOTHING"
)
_LOCK = text(
    "SELECT * FROM helpdesk_tickets WHERE connection = :connection "
    "AND external_id = :external_id FOR UPDATE"
)
_SAVE = text(
    "UPDATE helpdesk_tickets SET ticket_id = :ticket_id, said_at = :said_at, "
    "content_at = :content_at, first_at = :first_at, first_team = :first_team, "
    "placed_at = :placed_at, team = :team, tags = :tags, wrote_team = :wrote_team, "
    "wrote_tags = :wrote_tags, writing = :writing, noted = :noted, "
    "correction_id = :correction_id "
    "WHERE connection = :connection AND external_id = :external_id"
)
# Nothing is decided by a revision that a newer one has overtaken.
_DECIDED = text(
    "SELECT t.id, t.source, t.external_id, t.revision, d.primary_department, d.labels, "
    "d.preselected, d.scores, d.reason, d.rule, "
    "EXISTS (SELECT FROM corrections c WHERE c.ticket_id = t.id AND c.revision = t.revision "
    "AND c.kind NOT IN ('skipped', 'withdrawn') AND NOT EXISTS (SELECT FROM corrections w "
    "WHERE w.supersedes = c.id AND w.kind = 'withdrawn')) AS corrected "
    "FROM tickets t JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision "
    "WHERE t.id = :id AND t.state <> 'erased'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a ticket in its helpdesk; see `store.tables.HelpdeskTicketRow`."""

    connection: str
    external_id: str
    ticket_id: UUID | None = None
    said_at: datetime | None = None
    content_at: datetime | None = None
    first_at: datetime | None = None
    first_team: str | None = None
    placed_at: datetime | None = None
    team: str | None = None
    tags: tuple[str, ...] | None = None
    wrote_team: str | None = None
    wrote_tags: tuple[str, ...] | None = None
    writing: bool = False
    noted: UUID | None = None
    correction_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The standing decision of a ticket's newest revision.

    Attributes:
        preselected: labels that agents find ticked.
        scores: calibrated probability in [0, 1] by label.
        corrected: whether people said something of it that stands.
    """

    id: UUID
    source: str
    external_id: str
    revision: int
    primary_department: str
    labels: tuple[str, ...]
    preselected: tuple[str, ...]
    scores: dict[str, float]
    reason: str
    rule: str | None
    corrected: bool


def known(connection: Connection, name: str, external_id: str) -> Known:
    """What is known of a ticket, locked until the transaction ends; a new entry if nothing is."""
    key = {"connection": name, "external_id": external_id}
    row = connection.execute(_LOCK, key).one_or_none()
    if row is None:
        connection.execute(_BEGIN, key)
        row = connection.execute(_LOCK, key).one()
    lists = {each: _tuple(getattr(row, each)) for each in ("tags", "wrote_tags")}
    return Known(**{**row._mapping, **lists})


def save(connection: Connection, entry: Known) -> None:
    """Keeps what is known now of a ticket that this transaction has locked."""
    values = {name: getattr(entry, name) for name in Known.__dataclass_fields__}
    lists = {each: _list(getattr(entry, each)) for each in ("tags", "wrote_tags")}
    connection.execute(_SAVE, {**values, **lists})


def forget(connection: Connection, entry: Known) -> None:
    """Drops what is known of a ticket."""
    statement = "DELETE FROM helpdesk_tickets WHERE connection = :c AND external_id = :e"
    connection.execute(text(statement), {"c": entry.connection, "e": entry.external_id})


def decided(connection: Connection, ticket_id: UUID) -> Decided | None:
    """The standing decision of the newest revision; None while it waits, or when it was erased."""
    row = connection.execute(_DECIDED, {"id": ticket_id}).one_or_none()
    if row is None:
        return None
    lists = {"labels": tuple(row.labels), "preselected": tuple(row.preselected)}
    return Decided(**{**row._mapping, **lists})


def answered(connection: Connection, name: str, delivery_id: str) -> dict[str, Any] | None:
    """What a delivery was answered before; None for a new one, whose id is reserved now.

    Of the same delivery at once, the second waits for the first.

    Raises:
        Transient: its answer was swept just now.
    """
    reserve = text(
        "INSERT INTO helpdesk_deliveries (connection, delivery_id, answer) "
        "VALUES (:name, :id, 'null') ON CONFLICT DO NOTHING"
    )
    values = {"name": name, "id": delivery_id}
    if connection.execute(reserve, values).rowcount:
        return None
    kept = text(
        "SELECT answer FROM helpdesk_deliveries WHERE connection = :name AND delivery_id = :id"
    )
    found: dict[str, Any] | None = connection.execute(kept, values).scalar()
    if found is None:
        raise Transient("the delivery was forgotten just now")
    return found


def keep_answer(
    connection: Connection, name: str, delivery_id: str, answer: dict[str, Any]
) -> None:
    """Keeps the answer to a delivery whose id this transaction reserved."""
    statement = text(
        "UPDATE helpdesk_deliveries SET answer = CAST(:answer AS jsonb) "
        "WHERE connection = :name AND delivery_id = :id"
    )
    values = {"name": name, "id": delivery_id, "answer": json.dumps(answer)}
    connection.execute(statement, values)


def forget_before(connection: Connection, moment: datetime, *, most: int = _BITE) -> int:
    """Drops the oldest answers that were given before a moment; returns how many."""
    return connection.execute(_FORGET, {"moment": moment, "most": most}).rowcount


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def _list(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
