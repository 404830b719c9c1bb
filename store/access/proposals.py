"""Changes that wait for a second person: proposed by one, carried out or refused by another."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from core.types import ProposalVerdict
from store.access import audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that somebody asked for.

    Attributes:
        change: which kind of change, as `web.api.control` knows it.
        body: what it would do, JSON.
        verdict: None while it waits.
        reason: why it was decided so.
    """

    id: int
    change: str
    body: dict[str, Any]
    note: str
    proposed_by: str
    proposed_at: datetime
    verdict: ProposalVerdict | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str


_COLUMNS = (
    "id, change, body, note, proposed_by, proposed_at, verdict, decided_by, decided_at, reason"
)
_PROPOSE = text(
    "INSERT INTO proposals (change, body, note, proposed_by) "
    f"VALUES (:change, :body, :note, :by) RETURNING {_COLUMNS}"
).bindparams(bindparam("body", type_=JSONB))
_PAGE = text(
    f"SELECT {_COLUMNS} FROM proposals WHERE id < :before AND (NOT :waiting OR verdict IS NULL) "
    "ORDER BY id DESC LIMIT :most"
)
_ONE = f"SELECT {_COLUMNS} FROM proposals WHERE id = :id"
_DECIDE = text(
    "UPDATE proposals SET verdict = :verdict, decided_by = :by, reason = :reason, "
    f"decided_at = clock_timestamp() WHERE id = :id RETURNING {_COLUMNS}"
)


def propose(
    connection: Connection, *, change: str, body: dict[str, Any], note: str, by: str
) -> Proposal:
    """Keeps a change for somebody else to carry out."""
    values = {"change": change, "body": body, "note": note, "by": by}
    made = _proposal(connection.execute(_PROPOSE, values).one())
    _record(connection, "proposed", made, by)
    return made


def proposals(
    connection: Connection, *, before: int | None, most: int, waiting: bool
) -> list[Proposal]:
    """The next proposals, newest first; only those that wait if asked so."""
    values = {"before": before or 1 << 62, "most": most, "waiting": waiting}
    return [_proposal(row) for row in connection.execute(_PAGE, values)]


def proposal(connection: Connection, id_: int, *, to_decide: bool = False) -> Proposal | None:
    """One proposal; held against others until the transaction ends if it is to be decided."""
    lock = " FOR UPDATE" if to_decide else ""
    row = connection.execute(text(_ONE + lock), {"id": id_}).one_or_none()
    return None if row is None else _proposal(row)


def decide(
    connection: Connection, waiting: Proposal, verdict: ProposalVerdict, *, by: str, reason: str
) -> Proposal:
    """Settles a proposal that waits; what it asks for is the caller's to do before."""
    values = {"id": waiting.id, "verdict": verdict, "by": by, "reason": reason}
    settled = _proposal(connection.execute(_DECIDE, values).one())
    _record(connection, verdict, settled, by)
    return settled


def _record(connection: Connection, what: str, about: Proposal, by: str) -> None:
    detail = {"change": about.change, "proposed_by": about.proposed_by}
    audit.record(
        connection,
        actor=by,
        action=f"proposal.{what}",
        subject=f"proposal {about.id}",
        detail=detail,
    )


def _proposal(row: Any) -> Proposal:
    verdict = None if row.verdict is None else ProposalVerdict(row.verdict)
    return Proposal(**{**row._mapping, "verdict": verdict})
