from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, text

from core.errors import Invalid, Permanent
from core.types import Automation, FeedbackKind, LabelLevel
from store.decided.decisions import Finished
from store.engine import transaction
from store.feedback.corrections import Feedback, give, standing_label_feedback
from store.queue.tickets import accept
from store.rules.taxonomy import Label, add_labels, labels, set_level
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket

PRESELECT = LabelLevel(automation=Automation.PRESELECT, preselect_from=0.4, auto_from=0.9)


@pytest.fixture(autouse=True)
def refund(engine: Engine) -> None:
    transaction(engine, lambda c: add_labels(c, [Label(name="refund")]))


def _set(engine: Engine, level: LabelLevel, name: str = "refund") -> LabelLevel:
    return transaction(engine, lambda c: set_level(c, name, level, actor="ops"))


def _level(engine: Engine) -> LabelLevel:
    (label,) = transaction(engine, labels)
    return label.level


def _audit(engine: Engine) -> list[dict[str, object]]:
    def read(connection: Connection) -> list[dict[str, object]]:
        statement = text("SELECT detail FROM audit_log WHERE action = 'label.level_set'")
        return list(connection.execute(statement).scalars())

    return transaction(engine, read)


def test_a_label_is_on_auto_until_somebody_says_otherwise(engine: Engine) -> None:
    assert _level(engine) == LabelLevel()
    assert _set(engine, PRESELECT) == LabelLevel()
    assert _level(engine) == PRESELECT


def test_a_change_is_recorded_with_before_and_after_and_no_change_is_not(engine: Engine) -> None:
    _set(engine, PRESELECT)
    _set(engine, PRESELECT)
    (detail,) = _audit(engine)
    assert detail == {
        "before": {"automation": "auto", "preselect_from": None, "auto_from": None},
        "after": {"automation": "preselect", "preselect_from": 0.4, "auto_from": 0.9},
    }


@pytest.mark.parametrize(
    ("level", "field"),
    [
        (LabelLevel(preselect_from=1.1), "preselect_from"),
        (LabelLevel(auto_from=-0.1), "auto_from"),
        (LabelLevel(auto_from=float("nan")), "auto_from"),
        (LabelLevel(preselect_from=0.8, auto_from=0.5), "auto_from"),
    ],
)
def test_scores_out_of_range_or_order_are_refused_by_name(
    engine: Engine, level: LabelLevel, field: str
) -> None:
    with pytest.raises(Invalid) as error:
        _set(engine, level)
    assert error.value.field == field
    assert _level(engine) == LabelLevel()
    assert _audit(engine) == []


def test_the_database_itself_keeps_automation_at_or_over_preselection(engine: Engine) -> None:
    statement = text("UPDATE labels SET preselect_from = 0.8, auto_from = 0.5")
    with pytest.raises(Permanent, match="CheckViolation"):
        transaction(engine, lambda c: c.execute(statement))


def test_only_labels_in_use_have_a_level(engine: Engine) -> None:
    retire = text("UPDATE labels SET retired_at = now()")
    transaction(engine, lambda c: c.execute(retire))
    for name in ("refund", "unknown"):
        with pytest.raises(Invalid, match="is not in use"):
            _set(engine, PRESELECT, name)


def test_what_agents_find_ticked_is_confirmed_with_what_counts(engine: Engine) -> None:
    def ticked(entry: Finished) -> Finished:
        routing = replace(entry.decision.routing, labels=("delivery",), preselected=("refund",))
        return replace(entry, decision=replace(entry.decision, routing=routing))

    (stored,) = transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    decide_all(engine, change=ticked)
    feedback = Feedback(ticket_id=stored.id, kind=FeedbackKind.CONFIRMED, agent="ann")
    transaction(engine, lambda c: give(c, feedback))
    (taught,) = transaction(engine, lambda c: list(standing_label_feedback(c)))
    assert taught.labels == taught.predicted == ("delivery", "refund")
