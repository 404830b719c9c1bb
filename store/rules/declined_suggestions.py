"""Suggested rules that somebody does not want, by a key that says nothing of them."""

from sqlalchemy import Connection, text

from store.access import audit

_KEYS = text("SELECT key FROM declined_suggestions")
_DECLINE = text(
    "INSERT INTO declined_suggestions (key, declined_by) VALUES (:key, :by) ON CONFLICT DO NOTHING"
)
_BRING_BACK = text("DELETE FROM declined_suggestions WHERE key = :key")


def declined(connection: Connection) -> frozenset[str]:
    """The keys of all that were declined."""
    return frozenset(connection.execute(_KEYS).scalars())


def decline(connection: Connection, key: str, *, by: str) -> None:
    """Keeps a suggestion from being made again; one that was declined already stays so."""
    if connection.execute(_DECLINE, {"key": key, "by": by}).rowcount:
        audit.record(
            connection, actor=by, action="suggestion.declined", subject=f"suggestion {key}"
        )


def bring_back(connection: Connection, key: str, *, by: str) -> None:
    """Lets it be made again; one that was not declined stays so."""
    if connection.execute(_BRING_BACK, {"key": key}).rowcount:
        audit.record(
            connection, actor=by, action="suggestion.brought_back", subject=f"suggestion {key}"
        )
