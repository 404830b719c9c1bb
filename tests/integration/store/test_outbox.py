from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from core.events import TOLD, EventName
from core.types import FeedbackKind, ReviewReason
from store.decided.decisions import Finished
from store.delivery import delivery_log
from store.engine import transaction
from store.erasure.erasures import erase
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.feedback.review_items import Wanted
from store.models import model_versions, training_runs
from store.queue.tickets import accept
from store.rules import rulesets
from tests.factories.deciding import decide_all
from tests.factories.delivering import a_relay, an_endpoint, an_event, deliver_all, pass_time
from tests.factories.receivers import Answer, receiver
from tests.factories.values import a_ticket, tickets

_NOTE = "she said: my card is 4111"


def _told(engine: Engine) -> list[tuple[str, dict[str, Any]]]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT event, payload FROM outbox ORDER BY id"))
        return [(row.event, row.payload) for row in rows]


def _doubted(entry: Finished) -> Finished:
    wanted = Wanted(reasons=(ReviewReason.NO_RULE,), uncertainty=0.5, due_s=60)
    return replace(entry, review=wanted)


def test_a_decision_tells_what_became_of_it_and_its_labels_only_when_somebody_asks(
    engine: Engine,
) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket("t-1")], source="shop"))
    decide_all(engine, change=_doubted)
    assert [event for event, _ in _told(engine)] == ["ticket.routed", "ticket.review_required"]
    an_endpoint(engine, "https://example.com/", events=[EventName.TICKET_CLASSIFIED])
    transaction(engine, lambda c: accept(c, tickets(2, prefix="more"), source="shop"))
    decide_all(engine)
    told = _told(engine)[2:]
    assert sorted(event for event, _ in told) == ["ticket.classified"] * 2 + ["ticket.routed"] * 2
    assert set(dict(told)["ticket.classified"]) >= {"labels", "scores", "ticket_id"}


def test_feedback_is_told_without_its_note_and_so_is_that_it_was_taken_back(
    engine: Engine,
) -> None:
    (made,) = transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    decide_all(engine)
    said = Feedback(ticket_id=made.id, kind=FeedbackKind.CONFIRMED, agent="ann", note=_NOTE)
    entry = transaction(engine, lambda c: corrections.give(c, said))
    transaction(engine, lambda c: corrections.withdraw(c, entry, agent="ann"))
    given, withdrawn = _told(engine)[1:]
    assert (given[0], given[1]["kind"]) == ("feedback.recorded", "confirmed")
    assert (withdrawn[1]["kind"], withdrawn[1]["takes_back"]) == ("withdrawn", str(entry))
    assert _NOTE not in str(_told(engine))


def test_rules_and_models_tell_of_their_changes_and_a_training_of_its_end(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        rulesets.save(connection, {"rules": []}, author="ann", note="")
        for version in ("m1", "m2"):
            model_versions.register(
                connection, version=version, path=Path("/m"), labels=[], metrics={}
            )
            model_versions.activate(connection, version, actor="ann")
        model_versions.activate(connection, "m2", actor="ann")
        model_versions.rollback(connection, actor="ann")
        for outcome, candidate in (("unchanged", None), ("rejected", "m2")):
            training_runs.ask(connection, reason="why not", by="ann")
            run = training_runs.claim(connection, lease_s=60)
            assert run is not None
            training_runs.succeed(connection, run, candidate=candidate, outcome=outcome, gate={})

    transaction(engine, work)
    told = _told(engine)
    assert [event for event, _ in told] == [
        "rules.changed",
        "model.promoted",
        "model.promoted",
        "model.rolled_back",
        "training.ended",
        "model.trained",
        "model.rejected",
        "training.ended",
    ]
    assert told[3][1] == {"version": "m1", "before": "m2", "by": "ann"}
    assert told[4][1]["outcome"] == "unchanged"


def test_erasing_a_ticket_empties_what_was_answered_to_its_events(engine: Engine) -> None:
    (made,) = transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    with receiver() as hook:
        an_endpoint(engine, hook.url)
        hook.answer = lambda _: Answer(body=_NOTE.encode())
        decide_all(engine)
        deliver_all(a_relay(engine))
    first = transaction(engine, lambda c: delivery_log.attempts(c, 1))
    assert first[0].answer == _NOTE
    done = erase(engine, made.id, by="ann")
    after = transaction(engine, lambda c: delivery_log.attempts(c, 1))
    assert (after[0].answer, after[0].status) == ("", 200)
    assert done.removed["delivery_attempts"] >= 1


def test_deliveries_go_with_the_outbox_whatever_became_of_them(engine: Engine) -> None:
    an_endpoint(engine, "https://example.com/")
    an_event(engine)
    pass_time(engine, timedelta(days=91))
    an_event(engine)
    oldest = datetime.now(UTC) - timedelta(days=90)
    dropped = [transaction(engine, lambda c: delivery_log.forget_before(c, oldest)) for _ in "12"]
    assert dropped == [1, 0]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM deliveries")).scalar() == 1


def test_every_event_says_what_it_tells() -> None:
    assert set(TOLD) == set(EventName)
