"""A backtest in the console: who moves, what that does to whom, and what people would say."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from core.types import FeedbackKind, Role
from router.rules_yaml import dump_rules
from router.ruleset import ruleset_object
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import a_person, sign_in
from tests.factories.replayed import decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.factories.values import a_ticket
from web.api.rules import trial

_EVIL = "<img src=x onerror=alert(1)>\"'"
_RULES = a_ruleset(a_rule(10, label("refund"), id="money"), default="desk")
_DRAFT = a_ruleset(a_rule(10, label("refund"), id="money", primary=_EVIL), default="desk")
_REFUSED: list[tuple[dict[str, str], str]] = [
    ({"draft": "rules: no"}, "line 1"),
    ({"until": "soon"}, "until is no date and time"),
    ({"label": "nowhere", "automation": "auto", "auto_from": ""}, "is not in use"),
    ({"label": "refund", "automation": "never", "auto_from": ""}, "is refused"),
]


@pytest.fixture
def ids(engine: Engine) -> list[UUID]:
    """Two tickets about refunds, of which one belongs elsewhere, and one about nothing."""

    def work(connection: Connection) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("desk", "billing", _EVIL)
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        tickets = [
            (a_ticket(f"t-{n}{_EVIL}"), {"refund": score}) for n, score in enumerate((0.9, 0.7, 0))
        ]
        made = decide_stored(connection, _RULES, tickets, thresholds={"refund": 0.5})
        said = Feedback(
            ticket_id=made[0], kind=FeedbackKind.WRONG_ROUTE, department=_EVIL, agent="kim"
        )
        corrections.give(connection, said)
        return made

    return transaction(engine, work)


@pytest.fixture
def ops(client: TestClient, engine: Engine, ids: list[UUID]) -> TestClient:
    a_person(engine)
    client.headers.update({"accept": "text/html", "x-csrf-token": sign_in(client)})
    return client


def _tried(client: TestClient, **fields: Any) -> Any:
    return client.post("/rules/backtest/outcome", data=fields, headers={"hx-request": "true"})


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_a_draft_tells_who_moves_with_links_to_some_and_who_agrees(
    ops: TestClient, ids: list[UUID]
) -> None:
    found = _tried(ops, draft=dump_rules(_DRAFT))
    assert found.status_code == 200
    words = _plain(found.text)
    assert "Would move 2 66.7 % of those looked at" in words
    assert "Looked at 3 all of the period" in words
    assert "People agree, before 0 % 0 of 1" in words
    assert "People agree, after 100 % 1, that is +1" in words
    for id_ in ids[:2]:
        assert f'<a href="/tickets/{id_}"' in found.text
    assert str(ids[2]) not in found.text
    assert found.text.count("<path ") == 1


def test_hostile_names_are_escaped_in_the_picture_and_the_tables(ops: TestClient) -> None:
    found = _tried(ops, draft=dump_rules(_DRAFT)).text
    assert found.count("&lt;img src=x") >= 4
    assert "<img" not in found
    assert " style=" not in found


def test_levels_of_labels_are_tried_too(ops: TestClient) -> None:
    levels = {"label": ["refund", "", ""], "automation": ["auto"] * 3, "auto_from": ["0.8", "", ""]}
    words = _plain(_tried(ops, **levels).text)
    assert "Labels that would count otherwise" in words
    assert "refund 0 1" in words
    assert "billing" in words


def test_where_nothing_moves_and_where_nothing_is_there_it_says_so(ops: TestClient) -> None:
    assert "No ticket would move" in _tried(ops).text
    assert "No decision to look at" in _tried(ops, until="2020-01-01T00:00").text


def test_what_cannot_be_tried_says_why(ops: TestClient) -> None:
    for fields, said in _REFUSED:
        refused = _tried(ops, **fields)
        assert refused.status_code == 422, fields
        assert said in refused.text


def test_while_one_is_made_another_is_told_to_wait(ops: TestClient) -> None:
    with trial._free:
        busy = _tried(ops)
    assert busy.status_code == 429
    assert "makes another backtest" in busy.text
    assert _tried(ops).status_code == 200


def test_the_page_says_its_limit_and_takes_a_draft_along(ops: TestClient) -> None:
    page = ops.post("/rules/backtest", data={"draft": json.dumps(ruleset_object(_DRAFT))})
    assert page.headers["hx-push-url"] == "/rules/backtest"
    assert "About 100,000 are looked at" in page.text
    assert "&lt;img src=x" in page.text
    assert "<img src=x" not in page.text


def test_it_is_for_those_who_may_try_rules(client: TestClient, engine: Engine) -> None:
    a_person(engine, "kim@example.com", Role.AGENT)
    client.headers.update({"x-csrf-token": sign_in(client, "kim@example.com")})
    assert client.get("/rules/backtest").status_code == 403
    assert _tried(client).status_code == 403
