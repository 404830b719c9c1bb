"""Rulesets: every edit is a new revision; one is active."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, text

from store import audit
from store.tables import RulesetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """One revision: its number, and the document that `router` parses."""

    version: int
    document: dict[str, Any]


def save(connection: Connection, document: dict[str, Any], *, author: str, note: str) -> int:
    """Stores a document as the newest revision and makes it the active one.

    Returns:
        Its version.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('rulesets'))"))
    connection.execute(text("UPDATE rulesets SET active = false WHERE active"))
    version = connection.execute(
        insert(RulesetRow)
        .values(document=document, author=author, note=note, active=True)
        .returning(RulesetRow.version)
    ).scalar_one()
    audit.record(connection, actor=author, action="rules.saved", subject=f"ruleset {version}")
    return version


def active(connection: Connection) -> Ruleset | None:
    """The revision that decides now; None before the first was saved."""
    row = connection.execute(
        text("SELECT version, document FROM rulesets WHERE active")
    ).one_or_none()
    return None if row is None else Ruleset(version=row.version, document=row.document)


def active_version(connection: Connection) -> int | None:
    """The number of the active revision, without its document."""
    return connection.execute(text("SELECT version FROM rulesets WHERE active")).scalar()
