"""Rules tried on one ticket in the console: the same decision as production's, said in full."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from core.types import Role
from router.rules_yaml import dump_rules
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import a_person, sign_in
from tests.factories.replayed import decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.factories.values import a_ticket

_EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}"
_RULES = a_ruleset(
    a_rule(10, label("refund"), id="money"),
    a_rule(20, id="all", primary=None, collaborators=("desk",)),
    default="desk",
)
_DRAFT = a_ruleset(a_rule(10, label("refund"), id="money", primary="payments"), default="desk")
_REFUSED: list[tuple[dict[str, str], str]] = [
    ({"of": "stored", "ticket": "nowhere"}, "ticket is none that is stored"),
    ({"of": "stored", "ticket": ""}, "ticket is none that is stored"),
    ({"of": "text", "label": "refund", "score": "2"}, "the score of refund is out of range"),
    ({"of": "text", "label": "refund", "score": "nan"}, "out of range"),
    ({"of": "text", "label": "refund", "score": "much"}, "is no number"),
    ({"of": "stored", "ticket": "t-0", "at": "soon"}, "at is no date and time"),
    ({"of": "stored", "ticket": "t-0", "draft": "rules: [{id: x}]"}, "line 1"),
    ({"of": "stored", "ticket": "t-0", "draft": "[[[["}, "This cannot be tried"),
    ({"of": "stored", "ticket": "t-0", "draft": _EVIL}, "This cannot be tried"),
]


@pytest.fixture
def ids(engine: Engine) -> list[UUID]:
    """A ticket about refunds, and one about nothing."""

    def work(connection: Connection) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", "payments")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        tickets = [(a_ticket(f"t-{n}"), {"refund": score}) for n, score in enumerate((0.9, 0.1))]
        return decide_stored(connection, _RULES, tickets, thresholds={"refund": 0.5})

    return transaction(engine, work)


@pytest.fixture
def ops(client: TestClient, engine: Engine, ids: list[UUID]) -> TestClient:
    return _signed_in(client, engine, Role.OPS)


def _signed_in(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


def _tried(client: TestClient, **fields: Any) -> Any:
    return client.post("/rules/try/outcome", data=fields, headers={"hx-request": "true"})


def _department(html: str) -> str:
    found = re.search(r'<p class="to" dir="auto">(.*?)</p>', html)
    assert found is not None
    return found[1]


def test_a_stored_ticket_goes_where_it_went_with_every_rule_said(
    ops: TestClient, ids: list[UUID]
) -> None:
    for reference, department in ((str(ids[0]), "billing"), ("t-1", "desk")):
        found = _tried(ops, of="stored", ticket=reference)
        assert found.status_code == 200
        assert _department(found.text) == department
        assert "as it stands" in found.text
        assert "refund is predicted" in found.text
        assert "counts from 0.5" in found.text
        assert re.findall(r"<li><b>([\w-]+)</b>", found.text)[-2:] == ["money", "all"]


def test_a_draft_in_either_form_is_tried_beside_what_stands(
    ops: TestClient, ids: list[UUID]
) -> None:
    for text in (dump_rules(_DRAFT), json.dumps(ruleset_object(_DRAFT))):
        found = _tried(ops, of="stored", ticket=str(ids[0]), draft=text)
        assert _department(found.text) == "payments"
        assert "differs from what stands" in found.text
        assert '<td dir="auto">billing</td><td dir="auto"><b>payments</b></td>' in found.text


def test_a_text_is_tried_with_scores_of_ones_own(ops: TestClient, ids: list[UUID]) -> None:
    text = {"of": "text", "subject": "Refund", "body": "", "label": ["refund", ""]}
    assert _department(_tried(ops, **text, score=["0,8", ""]).text) == "billing"
    assert _department(_tried(ops, **text, score=["0.2", ""]).text) == "desk"


def test_what_cannot_be_tried_says_why_where_the_outcome_would_stand(ops: TestClient) -> None:
    for fields, said in _REFUSED:
        refused = _tried(ops, **fields)
        assert refused.status_code == 422, fields
        assert "hx-retarget" not in refused.headers
        assert 'role="alert"' in refused.text
        assert said in refused.text
        assert "<img" not in refused.text


def test_the_page_takes_a_draft_along_as_text(ops: TestClient) -> None:
    page = ops.post("/rules/try", data={"draft": json.dumps(ruleset_object(_DRAFT))})
    assert (page.status_code, page.headers["hx-push-url"]) == (200, "/rules/try")
    assert "then: {primary: payments}" in page.text
    assert "Rules: a draft" in page.text
    plain = ops.get("/rules/try", params={"ticket": "t-0"}).text
    assert 'value="t-0"' in plain
    assert "Rules: those that decide now" in plain


def test_hostile_words_of_a_draft_are_escaped(ops: TestClient, ids: list[UUID]) -> None:
    draft = a_ruleset(a_rule(10, label(_EVIL), primary=_EVIL), a_rule(20, primary=_EVIL))
    text = dump_rules(draft)
    found = _tried(ops, of="stored", ticket=str(ids[0]), draft=text).text
    page = ops.post("/rules/try", data={"draft": text, "ticket": _EVIL}).text
    for html in (found, page):
        assert "&lt;img src=x" in html
        assert "<img src=x" not in html
        assert " style=" not in html


def test_it_is_for_those_who_may_try_rules(
    client: TestClient, engine: Engine, ids: list[UUID]
) -> None:
    agent = _signed_in(client, engine, Role.AGENT)
    assert agent.get("/rules/try").status_code == 403
    assert _tried(agent, of="stored", ticket=str(ids[0])).status_code == 403
