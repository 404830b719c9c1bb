"""Rulesets: every edit is a new revision; one is active."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text

from core.errors import Invalid
from core.events import EventName
from store.access import audit
from store.delivery import outbox
from store.rules import label_history
from store.tables import RulesetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """One revision: its number, and the document that `router` parses."""

    version: int
    document: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What is told of a revision: who saved it, when, and why."""

    version: int
    author: str
    note: str
    active: bool
    rules: int
    created_at: datetime


_REVISION = (
    "SELECT version, author, note, active, created_at, "
    "coalesce(jsonb_array_length(document -> 'rules'), 0) AS rules FROM rulesets "
)
_HISTORY = text(
    f"{_REVISION} WHERE version < coalesce(CAST(:before AS bigint), {2**63 - 1}) "
    "ORDER BY version DESC LIMIT :most"
)
_ONE = text(f"{_REVISION} WHERE version = :version")
_PREVIOUS = text(
    "SELECT version, document FROM rulesets WHERE version < :version ORDER BY version DESC LIMIT 1"
)


def lock(connection: Connection) -> None:
    """Nobody else saves rules until this transaction ends; what is active stays so."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('rulesets'))"))


def save(
    connection: Connection,
    document: dict[str, Any],
    *,
    author: str,
    note: str,
    base: int | None = None,
    detail: dict[str, Any] | None = None,
) -> int:
    """Stores a document as the newest revision and makes it the active one.

    Args:
        connection: an open transaction.
        document: as `router.ruleset.ruleset_object` gives it.
        author: who saves it.
        note: why.
        base: the revision that it was made from, which must still be the active one; None does
            not ask.
        detail: of the change, for the audit log.

    Returns:
        Its version.

    Raises:
        Invalid: another revision became active meanwhile, or the rules name a label that has
            another name by now.
    """
    lock(connection)
    if base is not None and active_version(connection) != base:
        raise Invalid("rules", "were changed by somebody else meanwhile", "look, and try again")
    _check_labels(connection, document)
    before = active_version(connection)
    connection.execute(text("UPDATE rulesets SET active = false WHERE active"))
    version = connection.execute(
        insert(RulesetRow)
        .values(document=document, author=author, note=note, active=True)
        .returning(RulesetRow.version)
    ).scalar_one()
    audit.record(
        connection,
        actor=author,
        action="rules.saved",
        subject=f"ruleset {version}",
        detail={"note": note, **(detail or {})},
    )
    told = {"version": version, "before": before, "author": author}
    outbox.tell(connection, EventName.RULES_CHANGED, told)
    return version


def _check_labels(connection: Connection, document: dict[str, Any]) -> None:
    meaning = label_history.meaning(connection)
    for name in meaning.stale(_labels_in(document)):
        now = " or ".join(repr(label) for label in meaning.now[name])
        problem = f"name label {name!r}, which " + (f"is {now} now" if now else "was retired")
        raise Invalid("rules", problem, "export the active rules and make the change in them")


def _labels_in(value: Any) -> Iterator[str]:
    """What stands under the key `label`, at any depth."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from [inner] if key == "label" and isinstance(inner, str) else ()
                yield from _labels_in(inner)
        case list():
            for inner in value:
                yield from _labels_in(inner)


def active(connection: Connection) -> Ruleset | None:
    """The revision that decides now; None before the first was saved."""
    row = connection.execute(
        text("SELECT version, document FROM rulesets WHERE active")
    ).one_or_none()
    return None if row is None else Ruleset(version=row.version, document=row.document)


def history(connection: Connection, *, most: int, before: int | None = None) -> list[Revision]:
    """The newest revisions, or those before one, newest first, without their documents."""
    rows = connection.execute(_HISTORY, {"most": most, "before": before})
    return [Revision(**row._mapping) for row in rows]


def told(connection: Connection, version: int) -> Revision | None:
    """What is told of one revision; None when there is none of that number."""
    row = connection.execute(_ONE, {"version": version}).one_or_none()
    return None if row is None else Revision(**row._mapping)


def previous(connection: Connection, version: int) -> Ruleset | None:
    """The revision before one; None for the first."""
    row = connection.execute(_PREVIOUS, {"version": version}).one_or_none()
    return None if row is None else Ruleset(version=row.version, document=row.document)


def revision(connection: Connection, version: int) -> Ruleset:
    """One revision.

    Raises:
        Invalid: there is none of that number.
    """
    row = connection.execute(
        text("SELECT version, document FROM rulesets WHERE version = :version"),
        {"version": version},
    ).one_or_none()
    if row is None:
        raise Invalid("VERSION", f"{version} is no revision", "see `pointsman rules history`")
    return Ruleset(version=row.version, document=row.document)


def active_version(connection: Connection) -> int | None:
    """The number of the active revision, without its document."""
    return connection.execute(text("SELECT version FROM rulesets WHERE active")).scalar()
