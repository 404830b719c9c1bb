"""Model versions in the database, for tests that serve them."""

from sqlalchemy import Engine

from classifier.artifacts import Artifact
from store.engine import transaction
from store.models import model_versions


def register(engine: Engine, artifact: Artifact) -> None:
    transaction(
        engine,
        lambda c: model_versions.register(
            c, version=artifact.version, path=artifact.path, labels=artifact.labels, metrics={}
        ),
    )


def activate(engine: Engine, version: str) -> None:
    transaction(engine, lambda c: model_versions.activate(c, version, actor="test"))


def install(engine: Engine, artifact: Artifact) -> None:
    """Registers an artifact and makes it serve."""
    register(engine, artifact)
    activate(engine, artifact.version)
