"""Rules and models that change while tickets flow, on real worker processes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from core.types import Rung
from store.engine import transaction
from store.rules import rulesets
from store.rules.taxonomy import Department, Label, add_departments, add_labels
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.models import activate, register
from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import System
from tests.faults.invariants import check


@pytest.fixture
def system(engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[System]:
    made = System(engine=engine, urls=(postgres_url, redis_url), folder=tmp_path)
    yield made
    made.close()


def _everything_to(engine: Engine, department: str) -> None:
    rule = {"id": "all", "order": 1, "then": {"primary": department}}
    document = {"default_department": "service-desk", "rules": [rule]}

    def work(connection: Connection) -> None:
        add_departments(connection, [Department(name=department)])
        rulesets.save(connection, document, author="ops", note="")

    transaction(engine, work)


def _departments_of(engine: Engine, prefix: str) -> set[str]:
    statement = text(
        "SELECT DISTINCT d.primary_department FROM decisions d JOIN tickets t "
        "ON t.id = d.ticket_id WHERE t.external_id LIKE :like"
    )
    with engine.connect() as connection:
        return set(connection.execute(statement, {"like": f"{prefix}-%"}).scalars())


def _rungs(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT DISTINCT rung FROM decisions")).scalars())


def test_a_changed_rule_steers_the_next_ticket_on_every_worker(system: System) -> None:
    system.install_model()
    for _ in range(2):
        system.start_worker()
    system.wait_for_workers(2)
    for department in ("billing", "orders"):
        _everything_to(system.engine, department)
        wait_until(
            lambda: (
                len({w.report.ruleset_version for w in system.alive()}) == 1
                and _newest(system.engine) == system.alive()[0].report.ruleset_version
            ),
            timeout_s=30,
            what="both workers on the new ruleset",
        )
        system.sender.send(tickets(40, prefix=department))
        system.wait_until_decided()
        assert _departments_of(system.engine, department) == {department}


def _newest(engine: Engine) -> int | None:
    with engine.connect() as connection:
        return rulesets.active_version(connection)


def test_tickets_decided_without_the_model_are_looked_at_again_when_it_is_back(
    system: System,
) -> None:
    transaction(
        system.engine, lambda c: add_labels(c, [Label(name=LABELS[0], keywords=("parcel",))])
    )
    system.start_worker()
    system.wait_for_workers(1)
    system.sender.send(tickets(30))
    system.wait_until_decided()
    assert _rungs(system.engine) == {Rung.KEYWORDS}
    system.install_model()
    wait_until(
        lambda: _rungs(system.engine) == {Rung.MODEL},
        timeout_s=60,
        what="all scored again by the model",
        seen=system.processes.logs,
    )
    with system.engine.connect() as connection:
        history = connection.execute(text("SELECT count(*) FROM decision_history")).scalar()
    assert history == 30


def test_models_swapped_under_load_lose_no_ticket_and_mix_no_decision(system: System) -> None:
    made = [build_tiny_artifact(system.folder / f"model-{seed}", seed=seed) for seed in range(2)]
    for artifact in made:
        register(system.engine, artifact)
    activate(system.engine, made[0].version)
    system.start_worker()
    system.wait_for_workers(1)
    for swap in range(6):
        system.sender.send(tickets(100, prefix=f"s{swap}"))
        activate(system.engine, made[swap % 2].version)
        time.sleep(0.5)
    system.wait_until_decided()
    assert check(system.engine, system.ledger).are_none
    assert _rungs(system.engine) == {Rung.MODEL}
