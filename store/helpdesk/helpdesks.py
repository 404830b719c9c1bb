"""Connections to helpdesks as people edit them; secrets are sealed by the caller."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text, update

from core.types import HelpdeskKind, HelpdeskWrite
from store.access import audit
from store.tables import HelpdeskConnectionRow

ENDPOINT = "helpdesk"
"""Kind of the endpoint that decisions go back to (`store.delivery.webhook_endpoints`)."""
_HIDDEN = frozenset({"secrets", "token"})
_FIND = "SELECT * FROM helpdesk_connections WHERE name = :name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What people say of a connection.

    Attributes:
        name: with which its tickets come; part of their natural key.
        kind: which helpdesk it is.
        base_url: of its API.
        account: number of the account, where the helpdesk has several (Chatwoot).
        service_user: id of the user that we write as, by which our own changes are known.
        labels_field: custom field that holds labels, where there are no tags (Request Tracker).
        secrets: sealed; what it sends is signed with one of them, newest first.
        token: sealed; opens its API.
        mapping: where fields of a ticket stand in what it sends (`helpdesks.mapping`).
        teams: what it calls a department, by the department's name.
        writes: what we write into it; nothing where it is empty.
        active: whether it is spoken with at all.
    """

    name: str
    kind: HelpdeskKind
    base_url: str | None = None
    account: str | None = None
    service_user: str | None = None
    labels_field: str | None = None
    secrets: tuple[str, ...] = ()
    token: str | None = None
    mapping: Mapping[str, str]
    teams: Mapping[str, str]
    writes: tuple[HelpdeskWrite, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpdesk(Wanted):
    """A connection as it stands; `polled_to` is how far a helpdesk was asked that sends nothing."""

    version: int
    polled_to: int | None
    created_by: str
    created_at: datetime


def connections(connection: Connection) -> list[Helpdesk]:
    """Every connection, by name."""
    rows = connection.execute(text("SELECT * FROM helpdesk_connections ORDER BY name"))
    return [_read(row._mapping) for row in rows]


def find(connection: Connection, name: str, *, lock: bool = False) -> Helpdesk | None:
    """The connection of a name; locked, nobody else changes it until the transaction ends."""
    statement = text(f"{_FIND} FOR UPDATE" if lock else _FIND)
    row = connection.execute(statement, {"name": name}).one_or_none()
    return None if row is None else _read(row._mapping)


def add(connection: Connection, wanted: Wanted, *, by: str) -> bool:
    """Adds a connection; False if there is one of that name."""
    if find(connection, wanted.name) is not None:
        return False
    connection.execute(
        insert(HelpdeskConnectionRow).values(**_values(wanted), created_by=by),
    )
    _record(connection, by, "added", wanted.name, _shown(wanted))
    return True


def change(connection: Connection, before: Helpdesk, wanted: Wanted, *, by: str) -> None:
    """Lets a connection be as wanted; its name and kind stay."""
    connection.execute(
        update(HelpdeskConnectionRow)
        .where(HelpdeskConnectionRow.name == before.name)
        .values(**_values(replace(wanted, name=before.name)), version=before.version + 1)
    )
    old, new = _shown(before), _shown(wanted)
    said = {name: value for name, value in new.items() if old[name] != value}
    hidden = sorted(name for name in _HIDDEN if getattr(before, name) != getattr(wanted, name))
    _record(connection, by, "changed", before.name, {**said, "replaced": hidden})


def remove(connection: Connection, name: str, *, by: str) -> None:
    """Forgets a connection; its tickets stay."""
    statement = text("DELETE FROM helpdesk_connections WHERE name = :name")
    connection.execute(statement, {"name": name})
    _record(connection, by, "removed", name, {})


def note_poll(connection: Connection, name: str, last: int) -> None:
    """Notes how far a helpdesk was asked what was done; never less than before."""
    statement = text(
        "UPDATE helpdesk_connections SET polled_to = greatest(polled_to, :last) WHERE name = :name"
    )
    connection.execute(statement, {"name": name, "last": last})


def _read(row: Mapping[Any, Any]) -> Helpdesk:
    return Helpdesk(
        **{
            **row,
            "kind": HelpdeskKind(row["kind"]),
            "secrets": tuple(row["secrets"]),
            "writes": tuple(map(HelpdeskWrite, row["writes"])),
        }
    )


def _values(wanted: Wanted) -> dict[str, Any]:
    names = Wanted.__dataclass_fields__
    values = {name: getattr(wanted, name) for name in names}
    lists: dict[str, Sequence[str]] = {
        "secrets": wanted.secrets,
        "writes": wanted.writes,
    }
    return {**values, **{name: list(each) for name, each in lists.items()}}


def _shown(wanted: Wanted) -> dict[str, Any]:
    said = asdict(wanted)
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in said.items()
        if name in Wanted.__dataclass_fields__ and name not in _HIDDEN
    }


def _record(
    connection: Connection, by: str, action: str, name: str, detail: dict[str, Any]
) -> None:
    audit.record(
        connection,
        actor=by,
        action=f"connection.{action}",
        subject=f"connection {name}",
        detail=detail,
    )
