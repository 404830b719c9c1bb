"""What a running worker puts before people, whatever is delivered how often."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Row, text

from broker.app import make_producer_app
from broker.client import announce
from core.audit_sample import AUDIT_SALT, is_drawn
from core.types import ReviewOutcome, ReviewReason
from store.engine import transaction
from store.feedback import review
from tests.factories.artifacts import LABELS
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import System
from tests.integration.worker.conftest import SystemUnder

_SHARE = 0.4
_RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": "any", "order": 1, "when": {"label": name}, "then": {"primary": "billing"}}
        for name in LABELS[:1]
    ],
}


@pytest.fixture
def system(system_under: SystemUnder, monkeypatch: pytest.MonkeyPatch) -> System:
    """A model for German and English with one rule; two in five tickets are audited."""
    monkeypatch.setenv("POINTSMAN_SUPPORTED_LANGUAGES", "de,en")
    monkeypatch.setenv("POINTSMAN_AUDIT_SHARE", str(_SHARE))
    return system_under(_RULES)


def _rows(engine: Engine) -> list[Row[Any]]:
    statement = text(
        "SELECT t.id, t.external_id, t.state, c.language, d.primary_department, d.reason, "
        "d.labels, i.reasons, i.uncertainty, p.thresholds FROM tickets t "
        "JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision "
        "JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision "
        "JOIN threshold_sets p ON p.version = d.thresholds_version "
        "LEFT JOIN review_items i ON i.ticket_id = t.id AND i.revision = t.revision"
    )
    with engine.connect() as connection:
        return list(connection.execute(statement))


def _announce_again(system: System, redis_url: str) -> None:
    app = make_producer_app(redis_url, publish_timeout_s=5)
    for _ in range(3):
        announce(app, [row.id for row in _rows(system.engine)], per_message=5)
    app.close()


def test_a_worker_puts_doubts_foreign_languages_and_the_audit_before_people_once(
    system: System, redis_url: str
) -> None:
    french = [a_ticket(f"fr-{n}", language="fr-CA") for n in range(5)]
    german = [a_ticket(f"de-{n}", language="de_AT", body=f"Sendung {n}") for n in range(10)]
    system.sender.send([*tickets(10), *german, *french])
    system.start_worker()
    system.wait_until_decided()
    before = _rows(system.engine)
    _announce_again(system, redis_url)
    system.sender.send(tickets(5, prefix="later"))
    system.wait_until_decided()
    rows = _rows(system.engine)
    assert len(before) == 25
    assert len(rows) == len({row.id for row in rows}) == 30
    for row in rows:
        _check(row)
    assert {row.reason for row in rows if row.language == "fr-CA"} == {"unsupported_language"}
    assert all(row.thresholds["languages"] == ["de", "en"] for row in rows)
    drawn = [row for row in rows if is_drawn(str(row.id), AUDIT_SALT, _SHARE)]
    assert drawn


def _check(row: Row[Any]) -> None:
    reasons = set(row.reasons or ())
    doubts = {reason for reason in reasons if ReviewReason(reason).is_doubt}
    assert row.state == ("review" if doubts else "decided")
    assert (row.reason == "rule") == (not doubts)
    assert doubts <= {row.reason}
    assert ("audit" in reasons) == is_drawn(str(row.id), AUDIT_SALT, _SHARE)
    if row.language == "fr-CA":
        assert (row.primary_department, row.labels, row.uncertainty) == ("service-desk", [], 1.0)


def test_what_a_worker_decided_in_doubt_an_agent_can_take_and_accept(system: System) -> None:
    system.sender.send([a_ticket("fr", language="fr")])
    system.start_worker()
    system.wait_until_decided()

    def work(connection: Connection) -> None:
        item = review.claim(connection, agent="ann", lease_s=60)
        assert item is not None
        assert item.external_id == "fr"
        accepted = review.Resolution(outcome=ReviewOutcome.ACCEPTED)
        review.resolve(connection, item.id, accepted, agent="ann")

    transaction(system.engine, work)
    [row] = _rows(system.engine)
    assert row.state == "decided"
