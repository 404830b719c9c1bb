"""What a demo shows of people: made by their own doors, and as the data says."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection, Engine, text

from cli.demo.past import AGENTS, edit_rules, tell_training, work_a_shift
from cli.demo.plan import Plan, make_plan, pick_tickets
from cli.demo.round import Round
from cli.output import Output
from core.types import ReviewReason
from router.ruleset import ruleset_object
from store.decided.decisions import Finished
from store.engine import transaction
from store.feedback.review_items import Wanted
from store.models import model_versions, training_runs
from store.queue import tickets
from store.rules import rulesets, taxonomy
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.deciding import decide_all

_TICKETS = 40


@pytest.fixture
def plan(engine: Engine) -> Plan:
    made = make_plan(None)

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, made.labels)
        taxonomy.add_departments(connection, made.departments)
        rulesets.save(connection, ruleset_object(made.ruleset), author="demo", note="first")

    transaction(engine, work)
    return made


def _asked(numbers: Iterator[int], entry: Finished) -> Finished:
    """Every fourth decision waits for a person."""
    doubt = Wanted(reasons=(ReviewReason.NO_RULE,), uncertainty=0.5, due_s=60)
    return replace(entry, review=None if next(numbers) % 4 else doubt)


def test_agents_say_what_the_data_says_and_leave_work_to_whoever_looks(
    engine: Engine, plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = pick_tickets(plan.data, most=_TICKETS * 2, first=frozenset())
    transaction(engine, lambda c: tickets.accept(c, sent, source="demo-1"))
    numbers = count()
    decide_all(engine, change=lambda entry: _asked(numbers, entry))
    stage = SimpleNamespace(plan=plan, engine=engine, output=Output(as_json=False))
    played = Round(source="demo-1", sent=len(sent), seconds=1.0)
    work_a_shift(stage, played)  # type: ignore[arg-type]
    assert "6 settled in review, feedback on 24 tickets" in capsys.readouterr().out
    with engine.connect() as connection:
        agents = connection.execute(text("SELECT DISTINCT agent FROM corrections ORDER BY 1"))
        assert tuple(agents.scalars()) == AGENTS
        told = connection.execute(text("SELECT kind, count(*) FROM corrections GROUP BY 1"))
        kinds = {row[0]: row[1] for row in told}
        assert kinds.keys() == {"confirmed", "wrong_label"}
        assert sum(kinds.values()) == 30
        waiting = "SELECT count(*) FROM review_items WHERE resolved_at IS NULL"
        assert connection.execute(text(waiting)).scalar() == 14


def test_rules_have_a_history_that_ends_where_it_began_and_the_model_a_training(
    engine: Engine, plan: Plan, tmp_path: Path
) -> None:
    artifact = build_tiny_artifact(tmp_path / "model", [label.name for label in plan.labels])

    def work(connection: Connection) -> None:
        edit_rules(connection, plan.ruleset)
        model_versions.register(
            connection,
            version=artifact.version,
            path=artifact.path,
            labels=artifact.labels,
            metrics={},
        )
        for _ in range(2):
            tell_training(connection, artifact, by="demo")

    transaction(engine, work)
    with engine.connect() as connection:
        past = rulesets.history(connection, most=3)
        assert [each.author for each in past] == ["olga@example.com", "olga@example.com", "demo"]
        active = rulesets.active(connection)
        assert active is not None
        assert active.document == ruleset_object(plan.ruleset)
        [run] = training_runs.newest(connection, most=9)
        assert (run.state, run.outcome, run.candidate) == (
            "succeeded",
            "promoted",
            artifact.version,
        )
