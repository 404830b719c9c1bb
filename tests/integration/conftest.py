"""Models for tests that need one in service and another one to try."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from classifier.artifacts import Artifact
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.models import install, register


@pytest.fixture
def active(engine: Engine, tmp_path: Path) -> Artifact:
    """The artifact that serves."""
    made = build_tiny_artifact(tmp_path / "active")
    install(engine, made)
    return made


@pytest.fixture
def tried(engine: Engine, active: Artifact, tmp_path: Path) -> Artifact:
    """Another one with other weights, registered and not in service."""
    made = build_tiny_artifact(tmp_path / "tried", seed=1)
    register(engine, made)
    return made
