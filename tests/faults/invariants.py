"""The one check: what the database says, held against what the client was told.

I1 nothing accepted is lost. I2 one ticket a key, one decision a revision, under the newest token.
I3 nothing that nobody sent, or that was refused. I4 one event a decision. I5 feedback once.
I6 no decision by an artifact that was rejected or unknown. I7 one training at a time, promoted
through the gate. I8 nothing waits. I9 what is quarantined is what is poison, in words for people.

I4 sees events as they are written; who receives them is the concern of deliveries.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from core.types import TicketState
from store.engine import transaction
from tests.faults.ledger import SOURCE, Ledger

_WAITING = (TicketState.ACCEPTED, TicketState.CLAIMED)
_BY_NETWORK = ("model", "model_cpu")

_TICKETS = text(
    """
SELECT t.external_id, t.state, t.error, t.attempts, d.reason, d.rung, d.model_version,
  d.ticket_id IS NOT NULL AS decided, d.claim_token = t.claim_token AS fenced,
  extract(epoch FROM d.decided_at - t.received_at)::float AS took_s,
  (SELECT count(*) FROM decisions x WHERE x.ticket_id = t.id) AS standing,
  (SELECT count(*) FROM decision_history h WHERE h.ticket_id = t.id) AS replaced,
  (SELECT count(*) FROM decision_history h WHERE h.ticket_id = t.id
     AND h.rung IN ('model', 'model_cpu') AND h.reason <> 'manual_triage') AS overruled,
  (SELECT count(*) FROM outbox o WHERE o.ticket_id = t.id
     AND o.event IN ('ticket.routed', 'ticket.route_failed')) AS events,
  EXISTS (SELECT FROM model_versions m WHERE m.version = d.model_version
     AND m.created_at <= d.decided_at) AS known_model
FROM tickets t LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision
WHERE t.source = :source
"""
)
_CORRECTIONS = text(
    "SELECT c.id::text FROM corrections c JOIN tickets t ON t.id = c.ticket_id "
    "WHERE t.source = :source"
)
_RUNS = text(
    'SELECT "window", state, outcome, gate IS NOT NULL AS judged, '
    "lease_until > clock_timestamp() AS held FROM training_runs"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a scenario says about its own tickets.

    Attributes:
        poisons: ids that must end in quarantine; all others must not.
        rejected: model versions that must not decide anything.
    """

    poisons: Collection[str] = ()
    rejected: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What does not hold: by invariant, the ids that break it. Empty when all is well."""

    broken: dict[str, list[str]]
    rows: list[Row[Any]] = field(repr=False)

    @property
    def are_none(self) -> bool:
        return not self.broken

    def count(self, invariant: str) -> int:
        return len(self.broken.get(invariant, ()))


def check(engine: Engine, ledger: Ledger, expected: Expected | None = None) -> Findings:
    """Holds the ledger against tickets, decisions, events, feedback and trainings."""
    expected = expected or Expected()
    rows, corrections, runs = transaction(engine, _read)
    found = {
        "I1 lost": ledger.ids("accepted") - {row.external_id for row in rows if row.decided},
        "I2 doubled": _doubled(rows),
        "I3 phantom": _phantom(rows, ledger),
        "I4 events": {x.external_id for x in rows if x.events != x.standing + x.replaced},
        "I5 feedback": _feedback(corrections, ledger),
        "I6 model": {row.external_id for row in rows if _by_wrong_model(row, expected)},
        "I7 training": _trainings(runs),
        "I8 waiting": {row.external_id for row in rows if row.state in _WAITING},
        "I9 quarantine": _quarantine(rows, expected),
    }
    return Findings(broken={name: sorted(ids) for name, ids in found.items() if ids}, rows=rows)


def undecided(engine: Engine) -> int:
    """How many of the client's tickets wait for a decision."""
    statement = text(
        "SELECT count(*) FROM tickets WHERE source = :source AND state IN ('accepted', 'claimed')"
    )
    return transaction(engine, lambda c: int(c.execute(statement, {"source": SOURCE}).scalar_one()))


def _read(connection: Connection) -> tuple[list[Row[Any]], list[str], list[Row[Any]]]:
    values = {"source": SOURCE}
    return (
        list(connection.execute(_TICKETS, values)),
        list(connection.execute(_CORRECTIONS, values).scalars()),
        list(connection.execute(_RUNS)),
    )


def _doubled(rows: list[Row[Any]]) -> set[str]:
    times = Counter(row.external_id for row in rows)
    twice = {id_ for id_, count in times.items() if count > 1}
    unfenced = {row.external_id for row in rows if row.fenced is False}
    return twice | unfenced | {row.external_id for row in rows if row.overruled}


def _phantom(rows: list[Row[Any]], ledger: Ledger) -> set[str]:
    possible = ledger.ids("accepted") | ledger.ids("doubt") | _unanswered(ledger)
    return {row.external_id for row in rows} - possible


def _unanswered(ledger: Ledger) -> set[str]:
    """What a sender that died itself was sending."""
    return ledger.ids("sending") - ledger.ids("refused")


def _feedback(corrections: list[str], ledger: Ledger) -> set[str]:
    told = ledger.ids("feedback")
    return (told ^ set(corrections)) if told else set()


def _by_wrong_model(row: Row[Any], expected: Expected) -> bool:
    if row.rung not in _BY_NETWORK or row.model_version is None:
        return False
    return row.model_version in expected.rejected or not row.known_model


def _trainings(runs: list[Row[Any]]) -> set[str]:
    running = {run.window for run in runs if run.state == "running" and run.held}
    unjudged = {run.window for run in runs if run.outcome == "promoted" and not run.judged}
    return unjudged | (running if len(running) > 1 else set())


def _quarantine(rows: list[Row[Any]], expected: Expected) -> set[str]:
    there = {row.external_id: row for row in rows if row.state == TicketState.QUARANTINED}
    unsaid = {id_ for id_, row in there.items() if not _is_said(row)}
    return (set(there) ^ set(expected.poisons)) | unsaid


def _is_said(row: Row[Any]) -> bool:
    """Whether a person can read why: a sentence, and nobody has to guess who takes the ticket."""
    return row.reason == "manual_triage" and str(row.error or "").count(" ") >= 3
