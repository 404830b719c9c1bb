"""Rules tried over HTTP on tickets that were decided, without effect."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.types import FeedbackKind, Role
from router.ruleset import ruleset_object
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import a_secret, bearer
from tests.factories.replayed import decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.factories.values import a_ticket

_RULES = a_ruleset(
    a_rule(10, label("refund"), id="money"),
    a_rule(20, id="all", primary=None, collaborators=("desk",)),
    default="desk",
)
_DRAFT = ruleset_object(
    a_ruleset(a_rule(10, label("refund"), id="money", primary="payments"), default="desk")
)


@pytest.fixture
def ids(engine: Engine) -> list[UUID]:
    """Two tickets about refunds, one of which belongs to payments, and one about nothing."""

    def work(connection: Connection) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", "payments")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        tickets = [(a_ticket(f"t-{n}"), {"refund": score}) for n, score in enumerate((0.9, 0.7, 0))]
        made = decide_stored(connection, _RULES, tickets, thresholds={"refund": 0.5})
        said = Feedback(
            ticket_id=made[0], kind=FeedbackKind.WRONG_ROUTE, department="payments", agent="kim"
        )
        corrections.give(connection, said)
        return made

    return transaction(engine, work)


@pytest.fixture
def ops(client: TestClient, engine: Engine, ids: list[UUID]) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.OPS, "kim")))
    return client


def _tried(ops: TestClient, door: str, **body: Any) -> Any:
    answer = ops.post(f"/v1/rules/{door}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_dry_run_of_what_stands_is_equal_to_the_decision(
    ops: TestClient, ids: list[UUID]
) -> None:
    for id_ in ids:
        found = _tried(ops, "dry-run", ticket_id=str(id_))
        assert found["differences"] == []
        assert found["routing"] == found["stored"] | {"trace": found["routing"]["trace"]}
        assert [record["rule"] for record in found["routing"]["trace"]] == ["money", "all"]


def test_a_dry_run_of_a_draft_tells_each_condition_with_its_value(
    ops: TestClient, ids: list[UUID]
) -> None:
    found = _tried(ops, "dry-run", ticket_id=str(ids[0]), ruleset=_DRAFT)
    assert found["differences"] == ["primary_department", "collaborators"]
    assert found["routing"]["primary_department"] == "payments"
    (record,) = found["routing"]["trace"]
    assert record["conditions"] == [
        {"condition": "refund is predicted", "value": 0.9, "threshold": 0.5, "held": True}
    ]
    stands = ops.get("/v1/rules").json()["ruleset"]
    assert stands == ruleset_object(_RULES)


def test_a_ticket_that_is_given_goes_through_the_same_rules(ops: TestClient) -> None:
    ticket = {
        "id": "x",
        "subject": "Money back",
        "body": "",
        "metadata": {"plan": {"tier": "Gold"}},
    }
    rule = {
        "id": "gold",
        "order": 1,
        "effective_from": "2030-01-01T00:00:00+01:00",
        "when": {"metadata": {"key": "plan.tier", "is": "gold"}},
        "then": {"primary": "payments"},
    }
    draft = {"default_department": "desk", "rules": [rule]}
    given = {"ticket": ticket, "ruleset": draft, "scores": {"refund": 0.8}}
    early = _tried(ops, "dry-run", **given, at="2029-12-31T22:59:59Z")["routing"]
    assert early["primary_department"] == "desk"
    assert early["trace"][0]["conditions"] == [
        {
            "condition": "rule is in effect from 2029-12-31 23:00 UTC",
            "value": "not yet",
            "held": False,
        },
        {"condition": "metadata plan.tier is gold", "value": "gold", "held": True},
    ]
    late = _tried(ops, "dry-run", **given, at="2029-12-31T23:00:00Z")["routing"]
    assert late["primary_department"] == "payments"
    assert late["labels"] == ["refund"]


def test_a_backtest_tells_who_moves_and_what_people_would_say(
    ops: TestClient, ids: list[UUID]
) -> None:
    found = _tried(ops, "backtest", ruleset=_DRAFT)
    assert (found["tickets"], found["moved"]) == (3, 2)
    (move,) = found["moves"]
    assert sorted(move.pop("samples")) == ["t-0", "t-1"]
    assert sorted(move.pop("ids")) == sorted(str(id_) for id_ in ids[:2])
    assert move == {"before": "billing", "after": "payments", "tickets": 2}
    assert found["loads"]["payments"] == {"before": 0, "after": 2}
    assert (found["judged"], found["agreed_before"], found["agreed_after"]) == (1, 0, 1)
    levels = {"refund": {"automation": "auto", "auto_from": 0.8}}
    assert _tried(ops, "backtest", levels=levels)["lost"] == {"refund": 1}
    assert _tried(ops, "backtest", until="2020-01-01T00:00:00Z")["tickets"] == 0


@pytest.mark.parametrize(
    ("door", "body", "field"),
    [
        ("dry-run", {}, "ticket_id"),
        ("dry-run", {"ticket": {"id": "x", "subject": "s"}}, "body"),
        ("backtest", {"levels": {"none": {}}}, "levels.none"),
        ("backtest", {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ("backtest", {"until": "0001-01-01T00:00:00Z"}, "since"),
        ("lint", {"ruleset": [1]}, "ruleset"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_its_field(
    ops: TestClient, door: str, body: dict[str, Any], field: str
) -> None:
    answer = ops.post(f"/v1/rules/{door}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_ticket_without_a_decision_cannot_be_tried(ops: TestClient) -> None:
    body = {"ticket_id": "0198c0de-1f2e-7a3b-8c4d-5e6f70819203"}
    assert ops.post("/v1/rules/dry-run", json=body).status_code == 404


def test_hits_count_how_often_each_rule_held_and_won(ops: TestClient, engine: Engine) -> None:
    assert ops.get("/v1/rules/hits?days=1").json() == {
        "decisions": 3,
        "rules": [
            {"rule": "all", "held": 3, "won": 0},
            {"rule": "money", "held": 2, "won": 2},
        ],
    }
    transaction(engine, lambda c: c.execute(text("UPDATE decisions SET trace = '[]', rule = NULL")))
    assert ops.get("/v1/rules/hits").json()["rules"] == []
