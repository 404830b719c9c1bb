"""Model versions in words, and how a person makes one serve."""

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from classifier.artifacts import Artifact, open_artifact
from router import serving
from store.engine import transaction
from store.models import model_versions
from store.models.model_versions import KnownVersion


def version_line(known: KnownVersion) -> str:
    """One line: which, since when, how good, what the gate said."""
    mark = "*" if known.active else " "
    origin = "from a file" if known.run is None else f"run {known.run}, {known.outcome}"
    day = f"{known.created_at:%Y-%m-%d %H:%M}"
    return f"{mark} {known.version}  {day}  macro-F1 {_macro_f1(known)}  {origin}"


def version_card(known: KnownVersion) -> str:
    """Everything about one version, for a terminal."""
    lines = [
        version_line(known),
        f"  folder   {known.path}",
        f"  report   {known.path / 'report.html'}",
        f"  labels   {len(known.labels)}",
        *_gate_lines(known),
    ]
    return "\n".join(lines)


def version_object(known: KnownVersion) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "version": known.version,
        "path": str(known.path),
        "active": known.active,
        "labels": list(known.labels),
        "macro_f1": known.metrics.get("macro_f1"),
        "micro_f1": known.metrics.get("micro_f1"),
        "created_at": known.created_at.isoformat(),
        "activated_at": known.activated_at.isoformat() if known.activated_at else None,
        "run": known.run,
        "outcome": known.outcome,
        "gate": known.gate,
    }


def activate(engine: Engine, reference: str) -> str:
    """Makes a version serve, by its name, its beginning, or its folder; returns the version.

    Raises:
        Invalid: there is no such version.
        ArtifactInvalid: its folder holds no sound artifact.
    """
    folder = Path(reference)
    artifact = open_artifact(folder) if folder.is_dir() else None

    def work(connection: Connection) -> str:
        version = known_version(connection, artifact, reference)
        serving.activate(connection, version, actor=getpass.getuser())
        return version

    return transaction(engine, work)


def known_version(connection: Connection, artifact: Artifact | None, reference: str) -> str:
    """The version that somebody means, registered now if it came as a folder.

    Raises:
        Invalid: there is no such version.
        ArtifactInvalid: a file of the folder is missing or altered.
    """
    if artifact is None:
        return model_versions.find(connection, reference).version
    artifact.verify(*artifact.manifest.files)
    model_versions.register(
        connection,
        version=artifact.version,
        path=artifact.path.absolute(),
        labels=artifact.labels,
        metrics=artifact.read_json("metrics.json"),
    )
    return artifact.version


def _macro_f1(known: KnownVersion) -> str:
    figure = known.metrics.get("macro_f1")
    return "-" if figure is None else f"{figure:.3f}"


def _gate_lines(known: KnownVersion) -> Iterator[str]:
    gate = known.gate or {}
    if "reason" in gate:
        yield f"  gate     {gate['reason']}"
    for check in gate.get("checks", ()):
        yield f"  {'ok ' if check['passed'] else 'NO '} {check['sentence']}"
