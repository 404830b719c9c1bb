"""Model versions: which artifact folders can serve, and which one does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from core.errors import Invalid
from store import audit, label_history, trials
from store.tables import ModelVersionRow, ThresholdSetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """The version that serves, and where its artifact lies."""

    version: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownVersion:
    """A registered version, and what the gate said of it if a run made it."""

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


def activate(connection: Connection, version: str, *, actor: str) -> None:
    """Makes a registered version the one that serves; workers follow within seconds.

    A trial that makes no sense any more ends as overtaken.

    Raises:
        Invalid: no such version is registered, or it knows a label by a name that was given up.
    """
    trials.hold_still(connection)
    connection.execute(text("UPDATE model_versions SET active = false WHERE active"))
    found = connection.execute(
        text(
            "UPDATE model_versions SET active = true, activated_at = clock_timestamp() "
            "WHERE version = :version"
        ),
        {"version": version},
    ).rowcount
    if not found:
        raise Invalid("version", f"{version} is not registered", "see `pointsman models list`")
    _check_labels(connection, version)
    audit.record(connection, actor=actor, action="model.activated", subject=f"model {version}")
    trials.end_overtaken(connection, actor=actor, serves=version)


def _check_labels(connection: Connection, version: str) -> None:
    """Rules and people would not understand what it says."""
    labels = connection.execute(
        text("SELECT labels FROM model_versions WHERE version = :version"), {"version": version}
    ).scalar_one()
    if stale := label_history.meaning(connection).stale(labels):
        problem = f"{version} knows labels that were given up since: {', '.join(stale)}"
        raise Invalid("version", problem, "train a new one: `pointsman retrain`")


def rollback(connection: Connection, *, actor: str) -> str:
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
    activate(connection, str(before), actor=actor)
    return str(before)


def find(connection: Connection, reference: str) -> KnownVersion:
    """A version by its name or the beginning of it.

    Raises:
        Invalid: none or several begin so.
    """
    found = [known for known in known_versions(connection) if known.version.startswith(reference)]
    if len(found) != 1:
        problem = "is not registered" if not found else "is the beginning of several"
        raise Invalid("version", f"{reference} {problem}", "see `pointsman models list`")
    return found[0]


def known_versions(connection: Connection) -> list[KnownVersion]:
    """Every registered version with the run that it came from, newest first."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT ON (m.created_at, m.version) m.version, m.artifact_path, m.labels, "
            "m.metrics, m.active, m.created_at, m.activated_at, r.id AS run, r.outcome, r.gate "
            "FROM model_versions m LEFT JOIN training_runs r ON r.candidate = m.version "
            "ORDER BY m.created_at DESC, m.version, r.id DESC"
        )
    )
    return [
        KnownVersion(
            version=row.version,
            path=Path(row.artifact_path),
            labels=tuple(row.labels),
            metrics=row.metrics,
            active=row.active,
            created_at=row.created_at,
            activated_at=row.activated_at,
            run=row.run,
            outcome=row.outcome,
            gate=row.gate,
        )
        for row in rows
    ]


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
