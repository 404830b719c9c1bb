"""Model versions: which artifact folders can serve, and which one does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from core.errors import Invalid
from store import audit
from store.tables import ModelVersionRow, ThresholdSetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """The version that serves, and where its artifact lies."""

    version: str
    path: Path


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

    Raises:
        Invalid: no such version is registered.
    """
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('model_versions'))"))
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
    audit.record(connection, actor=actor, action="model.activated", subject=f"model {version}")


def active(connection: Connection) -> ModelVersion | None:
    """The version that serves now, if any."""
    row = connection.execute(
        text("SELECT version, artifact_path FROM model_versions WHERE active")
    ).one_or_none()
    return None if row is None else ModelVersion(version=row.version, path=Path(row.artifact_path))


def keep_thresholds(connection: Connection, version: str, thresholds: Mapping[str, float]) -> None:
    """Stores the thresholds behind a version once, so that decisions outlive their artifact."""
    row = insert(ThresholdSetRow).values(version=version, thresholds=dict(thresholds))
    connection.execute(row.on_conflict_do_nothing())
