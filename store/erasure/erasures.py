"""Erasing a ticket, or every ticket of a customer, from the database; and what the receipt tells.

An erasure is a row. Its tickets go in bites, each in a transaction of its own that leaves nothing
half done; asked for again, it goes on where it was killed, and once it is done the same receipt is
given. Files belong to whoever keeps them (`trainer.privacy`): they follow the rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, text
from uuid_utils.compat import uuid7

from core.errors import Invalid, Transient
from core.types import ErasureScope
from store.access import audit
from store.engine import transaction
from store.erasure import erased_rows
from store.erasure.exclusions import keyed, keyed_key

_BITE = 200  # tickets; for its length no ticket comes in, some ten milliseconds
_COLUMNS = (
    "id, scope, requested_by, requested_at, tickets, removed, rows_done_at, files, files_done_at"
)


class NothingToErase(Invalid):
    """No such ticket is or was here, or no ticket names the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTicket:
    """A ticket by its natural key, there or erased."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCustomer:
    """Every ticket that names this customer in any revision, whoever sent it."""

    customer: str


Subject = UUID | OneTicket | OneCustomer
"""What to erase; a UUID is a ticket's own id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was asked for, and how far it is.

    Attributes:
        tickets: how many were erased.
        removed: rows that were removed or emptied, by table.
        files: what those who keep files said; {} until then.
    """

    id: UUID
    scope: ErasureScope
    requested_by: str
    requested_at: datetime
    tickets: int
    removed: Mapping[str, int]
    rows_done_at: datetime | None
    files: Mapping[str, Any]
    files_done_at: datetime | None


def erase(engine: Engine, subject: Subject, *, by: str) -> Erasure:
    """Erases from the database and gives the erasure; its files follow.

    Asked for again, it goes on where it was killed, or gives what was done.

    Raises:
        NothingToErase: no such ticket is or was here, or no ticket names the customer.
    """
    begun = transaction(engine, lambda c: begin(c, subject, by=by))
    if begun.rows_done_at is not None:
        return begun
    while transaction(engine, lambda c: erase_some(c, begun.id, subject, by=by)):
        pass
    return transaction(engine, lambda c: _end_rows(c, begun.id, by=by))


def begin(connection: Connection, subject: Subject, *, by: str) -> Erasure:
    """The erasure of a subject: one that was done, one that was killed, or a new one.

    Raises:
        NothingToErase: as `erase`.
    """
    left = _some_of(connection, subject)
    if not left and (done := _of(connection, subject)):
        return done
    if not left:
        raise _unknown(subject)
    scope = ErasureScope.CUSTOMER if isinstance(subject, OneCustomer) else ErasureScope.TICKET
    hashed, values = _hash_of(subject)
    values |= {"id": uuid7(), "scope": scope, "by": by}
    connection.execute(
        text(
            "INSERT INTO erasures (id, scope, subject_hash, requested_by) "
            f"VALUES (:id, :scope, {hashed}, :by) ON CONFLICT DO NOTHING"
        ),
        values,
    )
    row = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM erasures "
            f"WHERE subject_hash = {hashed} AND rows_done_at IS NULL"
        ),
        values,
    ).one_or_none()
    if row is None:
        raise Transient("somebody else ended the same erasure just now")
    return _erasure(row)


def erase_some(connection: Connection, erasure: UUID, subject: Subject, *, by: str) -> bool:
    """Erases the next tickets of a subject; False when none is left."""
    doomed = erased_rows.lock(connection, _some_of(connection, subject))
    if not doomed:
        if isinstance(subject, OneCustomer):
            removed = erased_rows.erase_beside_tickets(connection, subject.customer)
            _count(connection, erasure, 0, removed)
        return False
    removed = erased_rows.erase(connection, doomed, erasure, by=by)
    _count(connection, erasure, len(doomed), removed)
    return True


def left_to_erase(connection: Connection, subject: Subject) -> int:
    """How many tickets of a subject are here."""
    if not isinstance(subject, OneCustomer):
        return len(_some_of(connection, subject))
    statement = "SELECT count(DISTINCT ticket_id) FROM ticket_contents WHERE customer = :c"
    count: int = connection.execute(text(statement), {"c": subject.customer}).scalar_one()
    return count


def find(connection: Connection, erasure: UUID) -> Erasure | None:
    """An erasure by its id."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM erasures WHERE id = :id"), {"id": erasure}
    ).one_or_none()
    return None if row is None else _erasure(row)


def page(connection: Connection, *, after: UUID | None, most: int) -> list[Erasure]:
    """Erasures, newest first; `after` is the last of the page before."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM erasures WHERE id < :after ORDER BY id DESC LIMIT :most"),
        {"after": after or UUID(int=(1 << 128) - 1), "most": most},
    )
    return [_erasure(row) for row in rows]


def without_files(connection: Connection) -> list[Erasure]:
    """Erasures whose rows are gone and whose files are not, oldest first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM erasures "
            "WHERE rows_done_at IS NOT NULL AND files_done_at IS NULL ORDER BY id"
        )
    )
    return [_erasure(row) for row in rows]


def end_files(connection: Connection, erasure: UUID, files: Mapping[str, Any]) -> None:
    """Notes what was removed from files; the first word stands."""
    connection.execute(
        text(
            "UPDATE erasures SET files = CAST(:files AS jsonb), files_done_at = clock_timestamp() "
            "WHERE id = :id AND files_done_at IS NULL"
        ),
        {"id": erasure, "files": json.dumps(dict(files))},
    )


def _some_of(connection: Connection, subject: Subject) -> list[UUID]:
    """Ids of some tickets that are left to erase."""
    values: dict[str, Any]
    if isinstance(subject, UUID):
        statement, values = (
            "SELECT id FROM tickets WHERE id = :id AND state <> 'erased'",
            {"id": subject},
        )
    elif isinstance(subject, OneTicket):
        statement = "SELECT ticket_id FROM ticket_keys WHERE source = :s AND external_id = :e"
        values = {"s": subject.source, "e": subject.external_id}
    else:
        statement = (
            f"SELECT DISTINCT ticket_id FROM ticket_contents WHERE customer = :c LIMIT {_BITE}"
        )
        values = {"c": subject.customer}
    return list(connection.execute(text(statement), values).scalars())


def _hash_of(subject: Subject) -> tuple[str, dict[str, Any]]:
    """The SQL for a subject's keyed hash, and its values."""
    if isinstance(subject, UUID):
        # The same as by its natural key, so that either way finds the other's erasure.
        found = keyed_key("t.source", "t.external_id")
        return f"(SELECT {found} FROM tickets t WHERE t.id = :ticket)", {"ticket": subject}
    if isinstance(subject, OneTicket):
        values = {"source": subject.source, "external_id": subject.external_id}
        return keyed_key("CAST(:source AS text)", "CAST(:external_id AS text)"), values
    said = "'customer'::bytea || '\\x00'::bytea || convert_to(CAST(:customer AS text), 'UTF8')"
    return keyed(said), {"customer": subject.customer}


def _of(connection: Connection, subject: Subject) -> Erasure | None:
    """What erased a subject of which nothing is left."""
    columns = ", ".join(f"e.{name.strip()}" for name in _COLUMNS.split(","))
    if isinstance(subject, UUID):
        where, values = "t.ticket_id = :ticket", {"ticket": subject}
    else:
        hashed, values = _hash_of(subject)
        where = (
            f"{'e.subject_hash' if isinstance(subject, OneCustomer) else 't.key_hash'} = {hashed}"
        )
    row = connection.execute(
        text(
            f"SELECT {columns} FROM erasures e LEFT JOIN erased_tickets t ON t.erasure_id = e.id "
            f"WHERE {where} ORDER BY e.id DESC LIMIT 1"
        ),
        values,
    ).one_or_none()
    return None if row is None else _erasure(row)


def _count(connection: Connection, erasure: UUID, tickets: int, removed: Mapping[str, int]) -> None:
    """Adds to the receipt, in the transaction that removes."""
    held = connection.execute(
        text("SELECT removed FROM erasures WHERE id = :id FOR UPDATE"), {"id": erasure}
    ).scalar_one()
    total = {name: held.get(name, 0) + removed.get(name, 0) for name in {*held, *removed}}
    connection.execute(
        text(
            "UPDATE erasures SET tickets = tickets + :tickets, removed = CAST(:removed AS jsonb) "
            "WHERE id = :id"
        ),
        {"id": erasure, "tickets": tickets, "removed": json.dumps(total)},
    )


def _end_rows(connection: Connection, erasure: UUID, *, by: str) -> Erasure:
    row = connection.execute(
        text(
            "UPDATE erasures SET rows_done_at = clock_timestamp() "
            f"WHERE id = :id AND rows_done_at IS NULL RETURNING {_COLUMNS}"
        ),
        {"id": erasure},
    ).one_or_none()
    if row is None:  # asked for twice at once, and the other was first
        found = find(connection, erasure)
        assert found is not None
        return found
    detail = {"scope": row.scope, "tickets": row.tickets}
    audit.record(
        connection, actor=by, action="tickets.erased", subject=f"erasure {erasure}", detail=detail
    )
    return _erasure(row)


def _unknown(subject: Subject) -> NothingToErase:
    if isinstance(subject, OneCustomer):
        return NothingToErase("customer", "is named by no ticket", "give it as the tickets name it")
    fix = "give its id, or the source and the sender's id under which it came"
    return NothingToErase("ticket_id", "names no ticket", fix)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(**{**row._mapping, "scope": ErasureScope(row.scope)})
