"""The audit log: who changed what, appended in the transaction of the change, each entry chained.

An entry's hash is SHA-256 over the hash before it and the entry as JSON with sorted keys and
without spaces. Whoever changes, drops or slips in an entry breaks the chain there; whoever cuts
off its end is found by an export, or a head that was written down, from before.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from store.tables import AuditRow

GENESIS = bytes(32)
"""What stands for the hash before the first entry."""
_CHAIN_LOCK = 0x706F696E74  # any number that no other advisory lock has
_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry with its place in the chain; `detail` is JSON-ready and holds no ticket text."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a look along the chain found.

    Attributes:
        entries: how many were looked at, up to the first that is wrong.
        head: the last sound entry's hash in hex; note it down to know later that none was cut off.
        is_whole: it begins with the first entry ever; otherwise older ones were let go.
        broken_at: id of the first entry that is wrong; None when all are sound.
    """

    entries: int
    head: str
    is_whole: bool
    broken_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries: all that fit everything that is not None; `until` is exclusive.

    Attributes:
        area: what stands before the dot of an action.
    """

    actor: str | None = None
    area: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_PLACE = text(
    "SELECT nextval(pg_get_serial_sequence('audit_log', 'id')) AS id, clock_timestamp() AS at, "
    "CAST(:detail AS jsonb) AS detail, "
    "(SELECT hash FROM audit_log ORDER BY id DESC LIMIT 1) AS previous"
)
_SAID = ("id", "actor", "action", "subject", "detail")
_COLUMNS = "id, at, actor, action, subject, detail, previous, hash"
_ALONG = text(f"SELECT {_COLUMNS} FROM audit_log WHERE id > :after ORDER BY id LIMIT {_PAGE}")
_CONDITIONS = {
    "actor": "actor = :actor",
    "area": "split_part(action, '.', 1) = :area",
    "action": "action = :action",
    "subject": "subject = :subject",
    "since": "at >= :since",
    "until": "at < :until",
}


def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Appends one entry. Transactions that append go one after the other from here to their end.

    Args:
        connection: the transaction of the change.
        actor: who did it, a person or a process.
        action: what was done, past tense with dots (`rules.saved`).
        subject: to what (`ruleset 12`).
        detail: anything that helps a reader; never ticket text.
    """
    connection.execute(_LOCK, {"key": _CHAIN_LOCK})
    place = connection.execute(_PLACE, {"detail": json.dumps(detail or {})}).one()
    previous = place.previous or GENESIS
    entry = {
        "id": place.id,
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": place.detail,
    }
    link = _link(previous, {**entry, "at": _moment(place.at)})
    connection.execute(insert(AuditRow).values(**entry, at=place.at, previous=previous, hash=link))


def page(
    connection: Connection, wanted: AuditFilter, *, before: int | None, most: int
) -> list[Entry]:
    """The next entries that fit, newest first.

    Args:
        connection: an open transaction.
        wanted: which entries.
        before: id of the last entry of the page before; None for the first page.
        most: largest number of entries.
    """
    used = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    where = " AND ".join(["id < :before", *(_CONDITIONS[name] for name in used)])
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM audit_log WHERE {where} ORDER BY id DESC LIMIT :most"),
        {**used, "before": before or 1 << 62, "most": most},
    )
    return [Entry(**row._mapping) for row in rows]


def along(read: Callable[[int], list[Entry]]) -> Iterator[Entry]:
    """Every entry from the oldest on; `read` gives those after an id, by `next_after`."""
    last = 0
    while entries := read(last):
        yield from entries
        last = entries[-1].id


def next_after(connection: Connection, id_: int) -> list[Entry]:
    """Up to 1,000 entries after this one, oldest first."""
    return [Entry(**row._mapping) for row in connection.execute(_ALONG, {"after": id_})]


def check(entries: Iterable[Entry]) -> Check:
    """Looks along the chain, of the log (`along`) or of an export of it.

    Args:
        entries: without gaps, oldest first.
    """
    looked_at, head, begins_with = 0, None, None
    for entry in entries:
        looked_at += 1
        begins_with = begins_with or entry.previous
        follows = entry.previous == (head or begins_with)
        if not follows or entry.hash != _link(entry.previous, _said(entry)):
            return _found(looked_at, head, begins_with, broken_at=entry.id)
        head = entry.hash
    return _found(looked_at, head, begins_with)


def as_line(entry: Entry) -> dict[str, Any]:
    """An entry as an export holds it; `of_line` reads it again."""
    return {**_said(entry), "previous": entry.previous.hex(), "hash": entry.hash.hex()}


def of_line(line: dict[str, Any]) -> Entry:
    """An entry of an export.

    Raises:
        KeyError, ValueError, TypeError: it is none.
    """
    at = datetime.fromisoformat(line["at"])
    links = {name: bytes.fromhex(line[name]) for name in ("previous", "hash")}
    return Entry(**{**line, "at": at, **links})


def _found(
    entries: int, head: bytes | None, begins_with: bytes | None, broken_at: int | None = None
) -> Check:
    is_whole = begins_with in (None, GENESIS)
    shown = (head or GENESIS).hex()
    return Check(entries=entries, head=shown, is_whole=is_whole, broken_at=broken_at)


def _said(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _SAID} | {"at": _moment(entry.at)}


def _link(previous: bytes, said: dict[str, Any]) -> bytes:
    line = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + line.encode()).digest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
