"""Departments as people change them; `router.department_changes` sees to it that rules follow."""

from typing import Any

from sqlalchemy import Connection, text

from store.access import audit
from store.rules.taxonomy import Department

_FIND = (
    "SELECT name, description, is_default FROM departments "
    "WHERE name = :name AND retired_at IS NULL FOR UPDATE"
)
# One that was retired comes back.
_ADD = (
    "INSERT INTO departments AS d (name, description) VALUES (:name, :description) "
    "ON CONFLICT (name) DO UPDATE SET description = excluded.description, retired_at = NULL "
    "WHERE d.retired_at IS NOT NULL"
)


def find(connection: Connection, name: str) -> Department | None:
    """A department in use, which nobody else changes until the transaction ends."""
    row = connection.execute(text(_FIND), {"name": name}).one_or_none()
    return None if row is None else Department(**row._mapping)


def is_taken(connection: Connection, name: str) -> bool:
    """Whether a department has this name, or had it when it was retired."""
    row = connection.execute(text("SELECT 1 FROM departments WHERE name = :n"), {"n": name})
    return row.one_or_none() is not None


def add(connection: Connection, name: str, description: str, *, by: str) -> bool:
    """Adds a department; False if there is one of that name."""
    values = {"name": name, "description": description}
    if not connection.execute(text(_ADD), values).rowcount:
        return False
    _record(connection, by, "department.added", name, {"description": description})
    return True


def describe(connection: Connection, name: str, description: str, *, by: str) -> None:
    """Says what a department is for."""
    statement = "UPDATE departments SET description = :description WHERE name = :name"
    connection.execute(text(statement), {"name": name, "description": description})
    _record(connection, by, "department.described", name, {"description": description})


def make_default(connection: Connection, name: str, *, by: str) -> None:
    """Lets a department be the default one, instead of the one that is."""
    connection.execute(text("UPDATE departments SET is_default = false WHERE is_default"))
    statement = "UPDATE departments SET is_default = true WHERE name = :name"
    connection.execute(text(statement), {"name": name})
    _record(connection, by, "department.made_default", name, {})


def rename(connection: Connection, name: str, to: str, *, by: str) -> None:
    """Gives a department a name that is not taken."""
    statement = "UPDATE departments SET name = :to WHERE name = :name"
    connection.execute(text(statement), {"name": name, "to": to})
    _record(connection, by, "department.renamed", name, {"to": to})


def retire(connection: Connection, name: str, *, by: str) -> None:
    """Takes a department out of use."""
    statement = "UPDATE departments SET retired_at = clock_timestamp() WHERE name = :name"
    connection.execute(text(statement), {"name": name})
    _record(connection, by, "department.retired", name, {})


def _record(
    connection: Connection, by: str, action: str, name: str, detail: dict[str, Any]
) -> None:
    audit.record(connection, actor=by, action=action, subject=f"department {name}", detail=detail)
