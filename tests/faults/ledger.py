"""What the sender knows: every ticket that it sent and had accepted, on disk before it goes on."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from celery import Celery
from sqlalchemy import Engine, text

from broker.client import announce
from core.types import Ticket
from store.engine import transaction
from store.tickets import accept

SOURCE = "faults"


class Ledger:
    """A file of our own, synced before and after each request."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="utf-8")

    def close(self) -> None:
        self._file.close()

    def note(self, what: str, ids: Sequence[str]) -> None:
        self._file.write(json.dumps({"what": what, "ids": list(ids)}) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def ids(self, what: str) -> set[str]:
        self._file.seek(0)
        entries = [json.loads(line) for line in self._file]
        return {id_ for entry in entries if entry["what"] == what for id_ in entry["ids"]}


class Sender:
    """Sends tickets the durable way and keeps the ledger."""

    def __init__(self, engine: Engine, app: Celery, ledger: Ledger) -> None:
        self._engine = engine
        self._app = app
        self._ledger = ledger

    def send(self, tickets: Sequence[Ticket]) -> None:
        ids = [ticket.id for ticket in tickets]
        self._ledger.note("sending", ids)
        stored = transaction(self._engine, lambda c: accept(c, tickets, source=SOURCE))
        self._ledger.note("accepted", ids)
        announce(self._app, [entry.id for entry in stored], per_message=50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the database has to say about the ledger; all four are empty when all is well."""

    lost: set[str]
    doubled: set[str]
    phantom: set[str]
    unfenced: set[str]

    @property
    def are_none(self) -> bool:
        return not (self.lost or self.doubled or self.phantom or self.unfenced)


_DECISIONS = """
SELECT t.external_id, count(DISTINCT d.ticket_id) AS decisions,
  (SELECT count(*) FROM outbox o WHERE o.ticket_id = t.id) AS events,
  bool_and(d.claim_token = t.claim_token) AS fenced
FROM tickets t LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision
WHERE t.source = :source GROUP BY t.id, t.external_id
"""


def compare(engine: Engine, ledger: Ledger) -> Findings:
    """Holds the ledger against tickets, decisions and events."""
    with engine.connect() as connection:
        rows = connection.execute(text(_DECISIONS), {"source": SOURCE}).all()
    once = {row.external_id for row in rows if row.decisions == 1 and row.events == 1}
    return Findings(
        lost=ledger.ids("accepted") - {row.external_id for row in rows if row.decisions},
        doubled={row.external_id for row in rows if row.decisions} - once,
        phantom={row.external_id for row in rows} - ledger.ids("sending"),
        unfenced={row.external_id for row in rows if row.decisions and not row.fenced},
    )


def undecided(engine: Engine) -> int:
    """How many of the sender's tickets wait for a decision."""
    statement = text(
        "SELECT count(*) FROM tickets WHERE source = :source AND state IN ('accepted', 'claimed')"
    )
    return transaction(engine, lambda c: int(c.execute(statement, {"source": SOURCE}).scalar_one()))
