"""Erased tickets in examples: changes of labels that wait, and proposals, quote whole tickets.

An example is a ticket object. It goes if its id or its text is that of an erased ticket, or if it
names an erased customer; the change keeps what is left. Ended changes keep no examples, but
proposals keep what was proposed for ever.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from core.text import model_text, text_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """What examples must not hold any more: senders' ids, `core.text.text_hash`es, customers."""

    ids: Collection[str] = ()
    marks: Collection[bytes] = ()
    customers: Collection[str] = ()

    def holds(self, example: Mapping[str, Any]) -> bool:
        """Whether an example is of what is gone."""
        said = model_text(example.get("subject") or "", example.get("body") or "")
        return (
            example.get("id") in self.ids
            or example.get("customer") in self.customers
            or text_hash(said) in self.marks
        )


_COLUMNS = {"label_requests": "wanted", "proposals": "body"}


def erase_examples(connection: Connection, gone: Gone) -> dict[str, int]:
    """Takes examples out of every change that waits and every proposal; rows changed, by table."""
    return {table: _erase(connection, table, gone) for table in _COLUMNS}


def _erase(connection: Connection, table: str, gone: Gone) -> int:
    column = _COLUMNS[table]
    rows = connection.execute(
        text(
            f"SELECT id, {column} -> 'examples' AS examples FROM {table} "
            f"WHERE jsonb_typeof({column} -> 'examples') = 'array' "
            f"AND {column} -> 'examples' <> '[]' ORDER BY id FOR UPDATE"
        )
    )
    put = text(
        f"UPDATE {table} SET {column} = "
        f"jsonb_set({column}, '{{examples}}', CAST(:kept AS jsonb)) WHERE id = :id"
    )
    changed = 0
    for row in rows.all():
        kept = [example for example in row.examples if not gone.holds(example)]
        if len(kept) < len(row.examples):
            connection.execute(put, {"id": row.id, "kept": json.dumps(kept)})
            changed += 1
    return changed
