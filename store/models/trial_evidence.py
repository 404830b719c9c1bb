"""What live tickets say of a version on trial: its shadow decisions, and what agents judged.

Judged is what has standing feedback about its labels or its route; of several words about a ticket
the newest counts. Decisions of a lower rung say nothing about a network and are left out.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from core.types import Decision
from store.models.trials import Trial
from store.partitions import first_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Who of two versions was right about one ticket."""

    candidate: bool
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an agent made of one decision.

    Attributes:
        version: that decided.
        overruled: whether labels or route were wrong.
        delay_s: seconds from the decision to the agent's word.
        age_s: seconds from the decision to the moment as of which it is looked at.
    """

    version: str
    overruled: bool
    delay_s: float
    age_s: float


def keep_shadows(connection: Connection, decisions: Sequence[Decision]) -> int:
    """Stores what the version on trial would have made of tickets; returns how many were new.

    Args:
        connection: an open transaction.
        decisions: each by a network, so that its model version is there.
    """
    return connection.execute(
        text(
            "INSERT INTO shadow_decisions "
            "(ticket_id, revision, model_version, primary_department, labels, scores) "
            "SELECT i, r, v, d, ARRAY(SELECT jsonb_array_elements_text(l)), s FROM unnest("
            "CAST(:ids AS uuid[]), CAST(:revisions AS int[]), CAST(:versions AS text[]), "
            "CAST(:departments AS text[]), CAST(:labels AS jsonb[]), CAST(:scores AS jsonb[])) "
            "u(i, r, v, d, l, s) ON CONFLICT DO NOTHING"
        ),
        {
            "ids": [decision.ticket_id for decision in decisions],
            "revisions": [decision.revision for decision in decisions],
            "versions": [decision.versions.model for decision in decisions],
            "departments": [decision.routing.primary for decision in decisions],
            "labels": [json.dumps(_shown(decision)) for decision in decisions],
            "scores": [json.dumps(dict(decision.scores)) for decision in decisions],
        },
    ).rowcount


def _shown(decision: Decision) -> list[str]:
    """What an agent finds ticked, and judges."""
    return [*decision.routing.labels, *decision.routing.preselected]


def forget_shadows(connection: Connection, before: datetime) -> int:
    """Drops the shadow decisions of tickets from before a moment; returns how many."""
    return connection.execute(
        text("DELETE FROM shadow_decisions WHERE ticket_id < :first"),
        {"first": first_uuid(before)},
    ).rowcount


_STANDS = (
    "{c}.kind IN ('confirmed', 'wrong_label', 'wrong_route') AND NOT EXISTS "
    "(SELECT 1 FROM corrections w WHERE w.supersedes = {c}.id AND w.kind = 'withdrawn')"
)
_JUDGED = (
    "corrections c JOIN decisions d ON d.ticket_id = c.ticket_id AND d.revision = c.revision "
    f"AND d.rung IN ('model', 'model_cpu') {{joins}} WHERE {_STANDS.format(c='c')} "
    "AND NOT EXISTS (SELECT 1 FROM corrections n WHERE n.ticket_id = c.ticket_id "
    f"AND (n.given_at, n.id) > (c.given_at, c.id) AND {_STANDS.format(c='n')})"
)
_VERDICTS = (
    "SELECT d.model_version AS version, c.kind <> 'confirmed' AS overruled, "
    "extract(epoch FROM c.created_at - d.decided_at)::float8 AS delay_s, "
    "extract(epoch FROM {moment} - d.decided_at)::float8 AS age_s "
    f"FROM {_JUDGED.format(joins='')} "
)
_PAIRS = text(
    "SELECT CASE WHEN c.kind = 'wrong_route' THEN s.primary_department = c.department "
    "ELSE s.labels @> x.labels AND s.labels <@ x.labels END AS candidate, "
    "CASE WHEN c.kind = 'wrong_route' THEN d.primary_department = c.department "
    "ELSE x.shown @> x.labels AND x.shown <@ x.labels END AS active FROM "
    + _JUDGED.format(
        joins="JOIN shadow_decisions s ON s.ticket_id = d.ticket_id AND s.revision = d.revision "
        "CROSS JOIN LATERAL (SELECT d.labels || d.preselected AS shown, "
        "coalesce(c.labels, d.labels || d.preselected) AS labels) x"
    )
    + " AND c.created_at >= :since AND s.decided_at >= :since AND s.model_version = :version "
    "AND d.model_version = :against ORDER BY c.created_at, c.id"
)
_SINCE = text(
    _VERDICTS.format(moment="clock_timestamp()")
    + "AND c.created_at >= :since AND d.decided_at >= :since "
    "AND d.model_version = ANY(:versions) ORDER BY c.created_at, c.id"
)
_BEFORE = text(
    _VERDICTS.format(moment="CAST(:until AS timestamptz)")
    + "AND c.created_at < :until AND d.model_version = :version "
    "ORDER BY c.created_at DESC, c.id DESC LIMIT :most"
)


def pairs(connection: Connection, trial: Trial) -> list[Pair]:
    """Tickets that both versions decided since the trial began, in the order of feedback.

    Right is who shows the labels that the agent confirmed or gave; where the agent said that only
    the route was wrong, whose department is the one that the agent named.
    """
    rows = connection.execute(
        _PAIRS, {"since": trial.started_at, "version": trial.version, "against": trial.against}
    )
    return [Pair(candidate=row.candidate, active=row.active) for row in rows]


def judged_since(connection: Connection, trial: Trial) -> list[Judged]:
    """Judged decisions of both versions made since the trial began, in the order of feedback."""
    values = {"since": trial.started_at, "versions": [trial.version, trial.against]}
    return [Judged(**row._mapping) for row in connection.execute(_SINCE, values)]


def judged_before(connection: Connection, trial: Trial, *, most: int) -> list[Judged]:
    """The last judged decisions of the version before, as known when the trial began."""
    values = {"until": trial.started_at, "version": trial.against, "most": most}
    return [Judged(**row._mapping) for row in connection.execute(_BEFORE, values)]
