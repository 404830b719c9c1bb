"""A running system whose rules a test gives."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Connection, Engine

from store.engine import transaction
from store.rules import rulesets
from store.rules.taxonomy import Department, Label, add_departments, add_labels
from tests.factories.artifacts import LABELS
from tests.faults.conftest import System

SystemUnder: TypeAlias = Callable[[dict[str, Any]], System]


@pytest.fixture
def system_under(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> Iterator[SystemUnder]:
    """Makes the system with the tiny model's labels, `billing`, and the rules given."""
    with ExitStack() as running:

        def begin(rules: dict[str, Any]) -> System:
            def words(connection: Connection) -> None:
                add_labels(connection, [Label(name=name) for name in LABELS])
                add_departments(connection, [Department(name="billing")])
                rulesets.save(connection, rules, author="ops", note="")

            transaction(engine, words)
            made = System(engine=engine, urls=(postgres_url, redis_url), folder=tmp_path)
            running.callback(made.close)
            made.install_model()
            return made

        yield begin
