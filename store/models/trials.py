"""Model versions on trial: which one is, since when, and how earlier trials ended.

A trial is one stage of one version; the next stage is a trial of its own, so that what was judged
before never counts twice. At most one is open.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from core.errors import Invalid
from core.types import TrialStage
from store.access import audit


class TrialOutcome(StrEnum):
    """How a trial ended.

    The version went on to the next stage; it served through its probation; the version before
    serves again; it serves nobody any more; somebody or something else decided what serves.
    """

    ADVANCED = "advanced"
    PASSED = "passed"
    ROLLED_BACK = "rolled_back"
    DISCARDED = "discarded"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One stage of a version's trial.

    Attributes:
        version: that is tried.
        against: the version that serves the others, or served before.
        share: of tickets that a canary decides, in [0, 1]; 0 in other stages.
        finding: what the last look at it found, JSON-ready.
        outcome: how it ended; None while it is open.
    """

    id: int
    version: str
    against: str
    stage: TrialStage
    share: float
    started_by: str
    started_at: datetime
    finding: Mapping[str, Any]
    outcome: TrialOutcome | None
    reason: str | None
    ended_at: datetime | None

    @property
    def serving(self) -> str:
        """The version that must be active for this trial to make sense."""
        return self.version if self.stage is TrialStage.PROBATION else self.against


_COLUMNS = (
    "id, version, against, stage, share, started_by, started_at, finding, outcome, reason, ended_at"
)


def hold_still(connection: Connection) -> None:
    """Until the transaction ends nobody else changes which versions serve or are on trial."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('model_versions'))"))


def begin(
    connection: Connection,
    *,
    version: str,
    against: str,
    stage: TrialStage,
    actor: str,
    share: float = 0,
) -> Trial:
    """Opens a trial.

    Raises:
        Invalid: another one is open, or the version would be tried against itself.
    """
    hold_still(connection)
    if version == against:
        raise Invalid("version", f"{version} serves already", "name another to try")
    if (other := current(connection)) is not None:
        problem = f"{other.version} is on trial already"
        raise Invalid("version", problem, "end that first: `pointsman models end`")
    row = connection.execute(
        text(
            "INSERT INTO trials (version, against, stage, share, started_by) "
            f"VALUES (:version, :against, :stage, :share, :actor) RETURNING {_COLUMNS}"
        ),
        {"version": version, "against": against, "stage": stage, "share": share, "actor": actor},
    ).one()
    audit.record(
        connection,
        actor=actor,
        action="trial.began",
        subject=f"model {version}",
        detail={"trial": row.id, "stage": stage, "against": against, "share": share},
    )
    return _trial(row)


def current(connection: Connection) -> Trial | None:
    """The open trial, if any."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM trials WHERE ended_at IS NULL")
    ).one_or_none()
    return None if row is None else _trial(row)


def newest(connection: Connection, *, most: int) -> list[Trial]:
    """The newest trials, last begun first."""
    rows = connection.execute(
        text(f"SELECT {_COLUMNS} FROM trials ORDER BY id DESC LIMIT :most"), {"most": most}
    )
    return [_trial(row) for row in rows]


def of_version(connection: Connection, version: str, *, most: int) -> list[Trial]:
    """The newest trials of one version, last begun first."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM trials WHERE version = :version ORDER BY id DESC LIMIT :most"
        ),
        {"version": version, "most": most},
    )
    return [_trial(row) for row in rows]


def note(connection: Connection, trial: Trial, finding: Mapping[str, Any]) -> None:
    """Keeps what a look at an open trial found."""
    connection.execute(
        text(
            "UPDATE trials SET finding = CAST(:finding AS jsonb) "
            "WHERE id = :id AND ended_at IS NULL"
        ),
        {"id": trial.id, "finding": json.dumps(dict(finding), ensure_ascii=False)},
    )


def end(
    connection: Connection, trial: Trial, outcome: TrialOutcome, *, reason: str, actor: str
) -> None:
    """Ends a trial that is open; one that ended already stays as it is."""
    ended = connection.execute(
        text(
            "UPDATE trials SET outcome = :outcome, reason = :reason, "
            "ended_at = clock_timestamp() WHERE id = :id AND ended_at IS NULL"
        ),
        {"id": trial.id, "outcome": outcome, "reason": reason},
    ).rowcount
    if ended:
        audit.record(
            connection,
            actor=actor,
            action=f"trial.{outcome}",
            subject=f"model {trial.version}",
            detail={"trial": trial.id, "stage": trial.stage, "reason": reason},
        )


def end_overtaken(connection: Connection, *, actor: str, serves: str) -> None:
    """Ends the open trial, if any, that makes no sense now that `serves` is the active version."""
    trial = current(connection)
    if trial is not None and trial.serving != serves:
        reason = f"{actor} activated {serves}"
        end(connection, trial, TrialOutcome.OVERTAKEN, reason=reason, actor=actor)


def _trial(row: Row[Any]) -> Trial:
    outcome = None if row.outcome is None else TrialOutcome(row.outcome)
    return Trial(**{**row._mapping, "stage": TrialStage(row.stage), "outcome": outcome})
