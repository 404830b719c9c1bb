"""What a confirmation teaches of labels that the agent was not shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine

from core.types import Automation, FeedbackKind, LabelLevel
from router.policy import make_policy, policy_object
from store.decided.decisions import Finished
from store.engine import transaction
from store.feedback.corrections import Feedback, give
from store.models import model_versions
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket
from trainer.loop.material import Doubts, gather
from trainer.loop.snapshot import Draft

_DOUBTS = Doubts(most=60, within=timedelta(minutes=10))


def _decided(engine: Engine, level: LabelLevel, refund: float | None) -> None:
    """One ticket with `delivery` shown, decided while `refund` was on a level."""
    policy = make_policy({"delivery": 0.5, "refund": 0.5}, {"refund": level})

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name="delivery"), Label(name="refund")])
        model_versions.keep_thresholds(connection, policy.version, policy_object(policy))
        accept(connection, [a_ticket()], source="shop")

    def change(entry: Finished) -> Finished:
        versions = replace(entry.decision.versions, thresholds=policy.version)
        scores = {"delivery": 0.9} | ({} if refund is None else {"refund": refund})
        return replace(entry, decision=replace(entry.decision, versions=versions, scores=scores))

    transaction(engine, work)
    decide_all(engine, change=change)


def _say(engine: Engine, kind: FeedbackKind, labels: list[str] | None = None) -> Draft:
    def work(connection: Connection) -> None:
        ticket = connection.exec_driver_sql("SELECT id FROM tickets").scalar_one()
        give(connection, Feedback(ticket_id=ticket, kind=kind, agent="anna", labels=labels))

    transaction(engine, work)
    return gather(engine, _DOUBTS, 0)


@pytest.mark.parametrize(
    ("automation", "score"),
    [(Automation.SHADOW, 0.8), (Automation.SHADOW, 0.5), (Automation.OFF, None)],
)
def test_a_confirmation_says_nothing_against_a_label_that_was_hidden(
    engine: Engine, automation: Automation, score: float | None
) -> None:
    _decided(engine, LabelLevel(automation=automation), score)
    made = _say(engine, FeedbackKind.CONFIRMED)
    assert made.entries == ()
    assert [entry.reason for entry in made.excluded] == ["confirmed while refund was hidden"]


@pytest.mark.parametrize(
    ("automation", "score"),
    [(Automation.SHADOW, 0.2), (Automation.AUTO, 0.2), (Automation.PRESELECT, 0.2)],
)
def test_a_confirmation_teaches_where_no_level_hid_anything(
    engine: Engine, automation: Automation, score: float
) -> None:
    _decided(engine, LabelLevel(automation=automation), score)
    made = _say(engine, FeedbackKind.CONFIRMED)
    assert [entry.ticket.labels for entry in made.entries] == [("delivery",)]


def test_labels_that_somebody_gave_teach_whatever_was_hidden(engine: Engine) -> None:
    _decided(engine, LabelLevel(automation=Automation.SHADOW), 0.8)
    made = _say(engine, FeedbackKind.WRONG_LABEL, ["refund"])
    assert [entry.ticket.labels for entry in made.entries] == [("refund",)]


def test_a_hidden_label_that_was_retired_is_nothing_to_miss(engine: Engine) -> None:
    _decided(engine, LabelLevel(automation=Automation.SHADOW), 0.8)
    assert _say(engine, FeedbackKind.CONFIRMED).entries == ()
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO label_moves (kind, before, after, actor) "
            "VALUES ('retire', '{refund}', '{}', 'ops')"
        )
    made = gather(engine, _DOUBTS, 0)
    assert [entry.ticket.labels for entry in made.entries] == [("delivery",)]
