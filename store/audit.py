"""The audit log: who changed what, appended in the transaction of the change."""

from typing import Any

from sqlalchemy import Connection, insert

from store.tables import AuditRow


def record(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: dict[str, Any] | None = None,
) -> None:
    """Appends one entry.

    Args:
        connection: the transaction of the change.
        actor: who did it, a person or a process.
        action: what was done, past tense with dots (`rules.saved`).
        subject: to what (`ruleset 12`).
        detail: anything that helps a reader; never ticket text.
    """
    connection.execute(
        insert(AuditRow).values(actor=actor, action=action, subject=subject, detail=detail or {})
    )
