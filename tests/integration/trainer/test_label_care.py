"""The weekly look at the labels on a real database: what it reads and when, what it keeps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from classifier.artifacts import Artifact
from core.types import FeedbackKind
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.labels import label_reports
from store.labels.label_reports import LabelReport
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.models import install
from tests.factories.streams import Made, put
from trainer.labels.care import CarePlan, look

_PLAN = CarePlan(
    device="cpu",
    threads=1,
    every=timedelta(hours=168),
    stretch=timedelta(days=28),
    tickets=500,
    least=8,
    least_corrections=3,
)


@pytest.fixture
def artifact(engine: Engine, tmp_path: Path) -> Artifact:
    made = build_tiny_artifact(tmp_path / "model")
    install(engine, made)
    names = [Label(name=name) for name in LABELS]
    transaction(engine, lambda c: taxonomy.add_labels(c, names))
    return made


def _arrive(engine: Engine, artifact: Artifact, made: list[Made]) -> list[Any]:
    start = datetime.now(UTC) - timedelta(hours=1)
    return transaction(engine, lambda c: put(c, made, version=artifact.version, start=start))


def _unlabelled(count: int) -> list[Made]:
    """Two crowds, equal but for a number, and some that have a label."""
    crowd = [Made(body=f"the badge opens no door {n}", scores={}) for n in range(count)]
    other = [Made(body=f"vpn tunnel gateway is down {n}", scores={}) for n in range(count)]
    return [*crowd, *other, *[Made(body="where is it", scores={}, labels=[LABELS[0]])] * 5]


def _newest(engine: Engine) -> LabelReport:
    found = transaction(engine, label_reports.newest)
    assert found is not None
    return found


def test_tickets_without_a_label_are_grouped_and_told_once(
    engine: Engine, artifact: Artifact
) -> None:
    ids = _arrive(engine, artifact, _unlabelled(20))
    assert look(engine, _PLAN) is not None
    assert look(engine, _PLAN) is None, "a week has not gone by"
    found = _newest(engine)
    assert found.tickets == 40
    assert found.gaps
    assert {id_ for gap in found.gaps for id_ in gap["examples"]} <= set(map(str, ids[:40]))
    with engine.connect() as connection:
        told = connection.execute(
            text("SELECT payload FROM outbox WHERE event = 'labels.reviewed'")
        ).scalar_one()
    assert (told["tickets"], told["gaps"]) == (40, len(found.gaps))
    assert "badge" not in str(told)


def test_asked_for_it_looks_before_that_is_due(engine: Engine, artifact: Artifact) -> None:
    first = look(engine, _PLAN)
    second = look(engine, _PLAN, now=True)
    assert first is not None and second is not None
    assert _newest(engine).id == second


def test_a_ticket_whose_labels_people_took_away_is_looked_at(
    engine: Engine, artifact: Artifact
) -> None:
    made = [Made(body="where is it", scores={}, labels=[LABELS[0]])] * 3
    ids = _arrive(engine, artifact, made)
    said = Feedback(ticket_id=ids[0], kind=FeedbackKind.WRONG_LABEL, agent="ann", labels=())
    transaction(engine, lambda c: corrections.give(c, said))
    look(engine, _PLAN)
    assert _newest(engine).tickets == 1


def test_what_people_dealt_with_is_not_found_again(engine: Engine, artifact: Artifact) -> None:
    _arrive(engine, artifact, _unlabelled(20))
    look(engine, _PLAN)
    gaps = _newest(engine).gaps

    def dismiss(connection: Connection) -> None:
        for gap in gaps:
            label_reports.give_verdict(
                connection, gap["key"], terms=gap["terms"], label=None, actor="ann"
            )

    transaction(engine, dismiss)
    assert _newest(engine).gaps == []
    look(engine, _PLAN, now=True)
    assert _newest(engine).gaps == []


def test_without_a_model_nothing_is_looked_at(engine: Engine) -> None:
    assert look(engine, _PLAN, now=True) is None
