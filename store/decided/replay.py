"""Stored decisions with all that they were made from, to be made again.

A period is of arrival: a ticket's id begins with its time, so that primary keys find the rows.
Decisions of manual triage are left out, because no rule made them, and tickets whose text is gone.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.types import Reason, Routing, Rung, Ticket
from store.contents import ticket_of
from store.feedback.corrections import COUNTS, STANDS
from store.partitions import first_uuid

_BATCH = 5_000  # rows held at once
_FEW = 8  # labels that are picked from scores sooner than all of them are read
_DRAWS = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Decisions made with the same revision of the rules and the same policy."""

    ruleset: int
    thresholds: str | None
    decisions: int


class Outline(NamedTuple):
    """The narrow part of a decision, of which hundreds of thousands are read.

    `human` is the department where people put the ticket, None when nobody has said; `scores` are
    None unless they were asked for.
    """

    ticket_id: UUID
    revision: int
    primary: str
    rule: str | None
    labels: list[str]
    channel: str | None
    language: str | None
    customer: str | None
    priority: str | None
    ruleset: int
    thresholds: str | None
    human: str | None
    scores: dict[str, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision as it is stored, with the ticket as it was decided on.

    Attributes:
        ruleset: the revision of the rules.
        thresholds: names the policy; None where none was recorded.
    """

    ticket_id: UUID
    revision: int
    ticket: Ticket
    scores: dict[str, float]
    rung: Rung
    ruleset: int
    thresholds: str | None
    decided_at: datetime
    routing: Routing


_PERIOD = f"d.ticket_id >= :low AND d.ticket_id < :high AND d.reason <> '{Reason.MANUAL_TRIAGE}'"
_COUNTS = text(
    "SELECT d.ruleset_version AS ruleset, d.thresholds_version AS thresholds, "
    f"count(*) AS decisions FROM decisions d WHERE {_PERIOD} GROUP BY 1, 2"
)
_OUTLINES = f"""
SELECT d.ticket_id, d.revision, d.primary_department, d.rule, d.labels, c.channel, c.language,
  c.customer, c.priority, d.ruleset_version, d.thresholds_version,
  CASE WHEN h.kind = 'wrong_route' THEN h.department
    WHEN h.kind IS NOT NULL THEN d.primary_department END, {{scores}}
FROM decisions d
JOIN ticket_contents c ON c.ticket_id = d.ticket_id AND c.revision = d.revision
  AND c.ticket_id >= :low AND c.ticket_id < :high
LEFT JOIN (
  SELECT DISTINCT ON (c.ticket_id, c.revision) c.ticket_id, c.revision, c.kind, c.department, c.id
  FROM corrections c WHERE c.ticket_id >= :low AND c.ticket_id < :high
    AND c.kind IN ('confirmed', 'wrong_route', 'moved_for_load') AND {STANDS}
  ORDER BY c.ticket_id, c.revision, c.given_at DESC, c.id DESC
) h ON h.ticket_id = d.ticket_id AND h.revision = d.revision AND {COUNTS.format(last="h.id")}
WHERE {_PERIOD} {{drawn}}
"""
_DRAWN = f"AND (hashtextextended(d.ticket_id::text, 0) & {_DRAWS - 1}) < :draws"
# Else the plan is the one that gives the first rows soonest, and all of them are wanted.
_WHOLE = text("SET LOCAL cursor_tuple_fraction = 1")
_DECIDED = (
    "SELECT d.ticket_id, d.revision, d.scores, d.rung, d.ruleset_version, d.thresholds_version, "
    "d.decided_at, d.primary_department, d.collaborators, d.labels, d.reason, d.rule, "
    "d.preselected, d.suggested, {trace} AS trace, t.external_id, c.subject, "
    "c.body, c.channel, c.language, c.customer, c.priority, "
    "c.metadata, c.created_at, c.deadline FROM decisions d "
    "JOIN unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[])) u(i, r) "
    "ON d.ticket_id = u.i AND d.revision = u.r "
    "JOIN tickets t ON t.id = d.ticket_id "
    "JOIN ticket_contents c ON c.ticket_id = d.ticket_id AND c.revision = d.revision "
    # Ranges and not lists, which PostgreSQL would search through for each row.
    "WHERE d.ticket_id BETWEEN :first AND :last AND t.id BETWEEN :first AND :last "
    "AND c.ticket_id BETWEEN :first AND :last"
)
_STANDING = text("SELECT id, revision FROM tickets WHERE id = :id")
_RULESETS = text("SELECT version, document FROM rulesets WHERE version = ANY(:versions)")
_POLICIES = text("SELECT version, thresholds FROM threshold_sets WHERE version = ANY(:versions)")


def counts(connection: Connection, since: datetime, until: datetime) -> list[Count]:
    """How many decisions stand on tickets that arrived from `since` until before `until`."""
    rows = connection.execute(_COUNTS, _period(since, until))
    return [Count(**row._mapping) for row in rows]


def outlines(
    connection: Connection,
    since: datetime,
    until: datetime,
    *,
    share: float,
    scores: Collection[str],
) -> Iterator[Sequence[Outline]]:
    """Decisions of a period in batches, never more than one in memory.

    Args:
        connection: an open transaction; other statements may run on it meanwhile.
        since: when the first of the tickets arrived.
        until: when the first arrived that is not wanted.
        share: in [0, 1], drawn by a hash of the ticket's id: the same tickets each time.
        scores: of these labels; reading all is slow. None of them are read for none.
    """
    statement = _OUTLINES.format(scores=_scores_of(scores), drawn=_DRAWN if share < 1 else "")
    values = {
        **_period(since, until),
        "draws": round(share * _DRAWS),
        **{f"label_{n}": label for n, label in enumerate(scores)},
    }
    connection.execute(_WHOLE)
    streamed = {"stream_results": True, "yield_per": _BATCH}
    found = connection.execute(text(statement), values, execution_options=streamed)
    for rows in found.partitions():
        yield [Outline._make(row) for row in rows]


def decided(
    connection: Connection, keys: Sequence[tuple[UUID, int]], *, traces: bool = True
) -> list[Decided]:
    """The decisions on these (ticket, revision), in any order; those that are gone are left out.

    Without `traces`, which are wide, every trace is empty.
    """
    if not keys:
        return []
    ids = [id_ for id_, _ in keys]
    values = {"ids": ids, "revisions": [revision for _, revision in keys]}
    values |= {"first": min(ids), "last": max(ids)}
    statement = text(_DECIDED.format(trace="d.trace" if traces else "NULL"))
    return [_decided(row) for row in connection.execute(statement, values)]


def decided_now(connection: Connection, ticket: UUID) -> Decided | None:
    """The decision that stands on a ticket; None while there is none."""
    row = connection.execute(_STANDING, {"id": ticket}).one_or_none()
    return (
        next(iter(decided(connection, [(row.id, row.revision)], traces=True)), None)
        if row
        else None
    )


def rulesets(connection: Connection, versions: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    """The documents of revisions of the rules."""
    rows = connection.execute(_RULESETS, {"versions": list(versions)})
    return {row.version: row.document for row in rows}


def policies(connection: Connection, versions: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """The documents of thresholds and levels, as `router.policy.parse_policy` reads them."""
    rows = connection.execute(_POLICIES, {"versions": list(versions)})
    return {row.version: row.thresholds for row in rows}


def _scores_of(labels: Collection[str]) -> str:
    """An expression for the scores of labels that are bound as `label_0` and so on."""
    if len(labels) > _FEW:
        return "d.scores"
    names = [f"CAST(:label_{n} AS text)" for n in range(len(labels))]
    pairs = ", ".join(f"{name}, d.scores -> {name}" for name in names)
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))" if labels else "NULL"


def _decided(row: Row[Any]) -> Decided:
    return Decided(
        ticket_id=row.ticket_id,
        revision=row.revision,
        ticket=ticket_of(row, external_id=row.external_id, labels=None),
        scores=row.scores,
        rung=Rung(row.rung),
        ruleset=row.ruleset_version,
        thresholds=row.thresholds_version,
        decided_at=row.decided_at,
        routing=Routing(
            primary=row.primary_department,
            collaborators=tuple(row.collaborators),
            labels=tuple(row.labels),
            reason=Reason(row.reason),
            rule=row.rule,
            trace=row.trace or [],
            preselected=tuple(row.preselected),
            suggested=tuple(row.suggested),
        ),
    )


def _period(since: datetime, until: datetime) -> dict[str, UUID]:
    return {"low": first_uuid(since), "high": first_uuid(until)}
