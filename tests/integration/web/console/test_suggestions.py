"""Suggested rules in the console: what speaks for them, and a draft with one of them."""

import html
import json
import re
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from core.types import FeedbackKind, Role
from router.parse import parse_ruleset
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import a_person, sign_in
from tests.factories.replayed import decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.factories.values import a_ticket

_EVIL = "<img src=x onerror=alert(1)>\"'"
_RULES = a_ruleset(a_rule(10, label("refund"), id="money"), default="desk")


@pytest.fixture
def ids(engine: Engine) -> list[UUID]:
    """Eight tickets about refunds that came by chat, which people put into an evil department."""

    def work(connection: Connection) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", _EVIL)
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        tickets = [
            (a_ticket(f"t-{n}", subject=f"{_EVIL} {n}", channel="chat"), {"refund": 0.9})
            for n in range(8)
        ]
        made = decide_stored(connection, _RULES, tickets, thresholds={"refund": 0.5})
        for id_ in made:
            corrections.give(
                connection,
                Feedback(
                    ticket_id=id_, kind=FeedbackKind.WRONG_ROUTE, department=_EVIL, agent="kim"
                ),
            )
        return made

    return transaction(engine, work)


def _signed_in(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf, "hx-request": "true"})
    return client


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_a_suggestion_has_its_support_its_tickets_and_makes_a_draft(
    client: TestClient, engine: Engine, ids: list[UUID]
) -> None:
    ops = _signed_in(client, engine, Role.OPS)
    assert 'hx-get="/rules/suggestions/found"' in ops.get("/rules/suggestions").text
    found = ops.get("/rules/suggestions/found").text
    assert "<dd>8</dd>" in found
    assert "8 of 8 that people judged" in found
    assert "none would go astray" in found
    assert sum(f'href="/tickets/{id_}"' in found for id_ in ids) == 5
    assert "&lt;img src=x" in found
    assert "<img" not in found

    made = ops.post("/rules/suggestions/draft", data={"rule": _field(found, "rule")})
    assert made.status_code == 200
    assert "suggested-1 at order 0" in made.text
    draft = parse_ruleset(json.loads(_field(made.text, "draft")))
    assert [rule.id for rule in draft.rules] == ["suggested-1", "money"]
    assert draft.rules[0].primary == _EVIL
    assert 'hx-post="/rules/draft"' in made.text
    for page in ("/rules/backtest", "/rules/try"):
        assert "suggested-1" in ops.post(page, data={"draft": _field(made.text, "draft")}).text


def test_what_ops_decline_stays_away_until_it_is_brought_back(
    client: TestClient, engine: Engine, ids: list[UUID]
) -> None:
    ops = _signed_in(client, engine, Role.OPS)
    [found] = ops.get("/v1/suggestions").json()["rules"]
    declined = ops.post(f"/rules/suggestions/{found['key']}/decline")
    assert "It is not suggested again" in declined.text
    shown = ops.get("/rules/suggestions/found").text
    assert "No rule suggests itself" in shown
    assert "Declined and not shown: 1" in shown
    told = ops.get("/v1/suggestions").json()
    assert (told["rules"], told["declined"]) == ([], 1)
    entry = ops.get("/v1/audit?area=suggestion").json()["entries"][0]
    assert (entry["action"], entry["subject"]) == (
        "suggestion.declined",
        f"suggestion {found['key']}",
    )
    back = ops.post(f"/rules/suggestions/{found['key']}/bring-back")
    assert "8 of 8 that people judged" in back.text
    door = f"/v1/suggestions/{found['key']}/declined"
    for _ in range(2):
        assert ops.put(door).status_code == 204
    assert ops.get("/v1/suggestions").json()["rules"] == []
    assert ops.delete(door).status_code == 204
    assert ops.get("/v1/suggestions").json()["rules"] == [found]
    assert len(ops.get("/v1/audit?area=suggestion").json()["entries"]) == 4


def test_without_corrections_it_says_what_to_do(client: TestClient, engine: Engine) -> None:
    found = _signed_in(client, engine, Role.OPS).get("/rules/suggestions/found").text
    assert "No rule suggests itself" in found


def test_what_is_no_rule_makes_no_draft(client: TestClient, engine: Engine) -> None:
    ops = _signed_in(client, engine, Role.OPS)
    for rule in ("no JSON", "[]", '{"id": "x"}', "[" * 50_000):
        refused = ops.post("/rules/suggestions/draft", data={"rule": rule})
        assert refused.status_code == 422, rule[:20]


def test_agents_are_refused_and_approvers_may_look_but_not_edit(
    client: TestClient, engine: Engine, ids: list[UUID]
) -> None:
    approver = _signed_in(client, engine, Role.APPROVER)
    rule = _field(approver.get("/rules/suggestions/found").text, "rule")
    made = approver.post("/rules/suggestions/draft", data={"rule": rule}).text
    assert 'hx-post="/rules/backtest"' in made
    key = "0" * 32
    assert "/decline" not in approver.get("/rules/suggestions/found").text
    assert approver.post(f"/rules/suggestions/{key}/decline").status_code == 403
    agent = _signed_in(client, engine, Role.AGENT)
    assert agent.get("/rules/suggestions").status_code == 403
    assert agent.get("/rules/suggestions/found").status_code == 403
