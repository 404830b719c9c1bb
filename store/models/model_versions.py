"""Model versions: which artifact folders can serve, and which one does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import insert

from core.errors import Invalid
from core.events import EventName
from store.access import audit
from store.delivery import outbox
from store.models import trials
from store.rules import label_history
from store.tables import ModelVersionRow, ThresholdSetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """The version that serves, and where its artifact lies."""

    version: str
    path: Path


class Standing(StrEnum):
    """Where a version is in its life.

    It serves; it is on trial as shadow or canary; it was taken back on probation; it served
    before; the gate left it to a person; the gate rejected it; it came from a file.
    """

    SERVES = "serves"
    ON_TRIAL = "on_trial"
    TAKEN_BACK = "taken_back"
    SERVED = "served"
    WAITS = "waits"
    REJECTED = "rejected"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVersion:
    """A registered version, and what the gate said of it if a run made it.

    Attributes:
        on_trial: whether its trial is open.
        taken_back: whether a probation of it ended with the version before.
    """

    version: str
    path: Path
    labels: tuple[str, ...]
    metrics: Mapping[str, Any]
    active: bool
    created_at: datetime
    activated_at: datetime | None
    run: int | None
    outcome: str | None
    gate: Mapping[str, Any] | None
    on_trial: bool
    taken_back: bool

    @property
    def standing(self) -> Standing:
        """Where it is in its life; the first that holds, in this order."""
        found = {
            Standing.SERVES: self.active,
            Standing.ON_TRIAL: self.on_trial,
            Standing.TAKEN_BACK: self.taken_back,
            Standing.SERVED: self.activated_at is not None,
            Standing.WAITS: self.outcome == "waiting for approval",
            Standing.REJECTED: self.outcome == "rejected",
        }
        return next((name for name, holds in found.items() if holds), Standing.REGISTERED)


_KNOWN = """
SELECT m.version, m.artifact_path, m.labels, m.metrics, m.active, m.created_at, m.activated_at,
  r.run, r.outcome, r.gate,
  EXISTS (SELECT FROM trials t WHERE t.version = m.version AND t.ended_at IS NULL) AS on_trial,
  EXISTS (SELECT FROM trials t WHERE t.version = m.version AND t.outcome = 'rolled_back')
    AS taken_back
FROM model_versions m LEFT JOIN LATERAL (
  SELECT r.id AS run, r.outcome, r.gate FROM training_runs r
  WHERE r.candidate = m.version ORDER BY r.id DESC LIMIT 1
) r ON true
WHERE {which} ORDER BY m.created_at DESC, m.version {limit}
"""
_SERVE = text(
    "UPDATE model_versions m SET active = true, activated_at = clock_timestamp() "
    "FROM (SELECT version, activated_at AS served_at FROM model_versions "
    "WHERE version = :version) o WHERE m.version = o.version RETURNING o.served_at"
)
_AFTER = (
    "CAST(:after AS text) IS NULL OR EXISTS (SELECT FROM model_versions a WHERE a.version = :after "
    "AND (m.created_at < a.created_at OR m.created_at = a.created_at AND m.version > a.version))"
)


def register(
    connection: Connection,
    *,
    version: str,
    path: Path,
    labels: Sequence[str],
    metrics: dict[str, Any],
) -> None:
    """Makes an artifact known. Registering it again only corrects where it lies."""
    row = insert(ModelVersionRow).values(
        version=version, artifact_path=str(path), labels=list(labels), metrics=metrics
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["version"], set_={"artifact_path": row.excluded.artifact_path}
        )
    )


def activate(connection: Connection, version: str, *, actor: str, note: str = "") -> None:
    """Makes a registered version the one that serves; workers follow within seconds.

    A trial that makes no sense any more ends as overtaken. The note is for the audit log.

    Raises:
        Invalid: no such version is registered, or it knows a label by a name that was given up.
    """
    trials.hold_still(connection)
    before = connection.execute(
        text("UPDATE model_versions SET active = false WHERE active RETURNING version")
    ).scalar()
    found = connection.execute(_SERVE, {"version": version}).one_or_none()
    if found is None:
        raise Invalid("version", f"{version} is not registered", "see `pointsman models list`")
    _check_labels(connection, version)
    audit.record(
        connection,
        actor=actor,
        action="model.activated",
        subject=f"model {version}",
        detail={"before": before, "note": note},
    )
    if before != version:
        is_back = found.served_at is not None
        event = EventName.MODEL_ROLLED_BACK if is_back else EventName.MODEL_PROMOTED
        outbox.tell(connection, event, {"version": version, "before": before, "by": actor})
    trials.end_overtaken(connection, actor=actor, serves=version)


def _check_labels(connection: Connection, version: str) -> None:
    """Rules and people would not understand what it says."""
    labels = connection.execute(
        text("SELECT labels FROM model_versions WHERE version = :version"), {"version": version}
    ).scalar_one()
    if stale := label_history.meaning(connection).stale(labels):
        problem = f"{version} knows labels that were given up since: {', '.join(stale)}"
        raise Invalid("version", problem, "train a new one: `pointsman retrain`")


def rollback(connection: Connection, *, actor: str, note: str = "") -> str:
    """Goes back to the version that served before the active one; returns it.

    Versions that were taken back on probation are passed over.

    Raises:
        Invalid: none served before.
    """
    before = connection.execute(
        text(
            "SELECT version FROM model_versions m WHERE NOT active AND activated_at IS NOT NULL "
            "AND NOT EXISTS (SELECT FROM trials t WHERE t.version = m.version "
            "AND t.outcome = 'rolled_back') ORDER BY activated_at DESC LIMIT 1"
        )
    ).scalar()
    if before is None:
        raise Invalid("version", "none served before", "name one: `pointsman models activate`")
    activate(connection, str(before), actor=actor, note=note)
    return str(before)


def find(connection: Connection, reference: str) -> KnownVersion:
    """A version by its name or the beginning of it.

    Raises:
        Invalid: none or several begin so.
    """
    found = [each for each in known_versions(connection) if each.version.startswith(reference)]
    if len(found) != 1:
        problem = "is not registered" if not found else "is the beginning of several"
        raise Invalid("version", f"{reference} {problem}", "see `pointsman models list`")
    return found[0]


def known_versions(connection: Connection) -> list[KnownVersion]:
    """Every registered version with the run that it came from, newest first."""
    rows = connection.execute(text(_KNOWN.format(which="true", limit="")))
    return [_known(row) for row in rows]


def page(connection: Connection, *, after: str | None, most: int) -> list[KnownVersion]:
    """The next of those; `after` is the last version of the page before, None for the first."""
    statement = text(_KNOWN.format(which=_AFTER, limit="LIMIT :most"))
    return [_known(row) for row in connection.execute(statement, {"after": after, "most": most})]


def known(connection: Connection, version: str) -> KnownVersion | None:
    """The version of exactly this name; None where it is not registered."""
    statement = text(_KNOWN.format(which="m.version = :version", limit=""))
    row = connection.execute(statement, {"version": version}).one_or_none()
    return None if row is None else _known(row)


def _known(row: Row[Any]) -> KnownVersion:
    named = {**row._mapping}
    path, labels = Path(named.pop("artifact_path")), tuple(named.pop("labels"))
    return KnownVersion(**named, path=path, labels=labels)


def active(connection: Connection) -> ModelVersion | None:
    """The version that serves now, if any."""
    row = connection.execute(
        text("SELECT version, artifact_path FROM model_versions WHERE active")
    ).one_or_none()
    return None if row is None else ModelVersion(version=row.version, path=Path(row.artifact_path))


def registered(connection: Connection, version: str) -> ModelVersion:
    """Where a version lies; it must be registered, as whatever is on trial is."""
    path = connection.execute(
        text("SELECT artifact_path FROM model_versions WHERE version = :version"),
        {"version": version},
    ).scalar_one()
    return ModelVersion(version=version, path=Path(path))


def keep_thresholds(connection: Connection, version: str, document: Mapping[str, Any]) -> None:
    """Stores the thresholds and levels behind a version once, so that decisions outlive them.

    Args:
        connection: an open transaction.
        version: as decisions name it.
        document: what `router.policy.policy_object` gives.
    """
    row = insert(ThresholdSetRow).values(version=version, thresholds=dict(document))
    connection.execute(row.on_conflict_do_nothing())
