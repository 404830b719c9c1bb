"""The department pages: what they show, each change that they make, and to whom they offer it."""

import re
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from core.types import ControlledArea, Role
from router.ruleset import ruleset_object
from store.access import proposals
from store.engine import transaction
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import Serve, a_person, sign_in
from tests.factories.replayed import decide_stored
from tests.factories.rulesets import a_rule, a_ruleset, label
from tests.factories.values import a_ticket
from web.console.departments.shown import key_of

_EVIL = "<img src=x onerror=alert(1)>\"'"
_RULES = a_ruleset(
    a_rule(10, label("refund"), id="money"),
    a_rule(20, id="all", primary="sales", collaborators=("billing", "service-desk")),
    default="service-desk",
)


@pytest.fixture(autouse=True)
def departments(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name="refund")])
        names = ("billing", "sales", "spare")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])
        tickets = [(a_ticket(f"t-{n}"), {"refund": 0.9 * (n < 3)}) for n in range(4)]
        decide_stored(connection, _RULES, tickets, thresholds={"refund": 0.5})

    transaction(engine, work)


def _signed_in(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    return _signed_in(client, engine, Role.OPS)


def _send(client: TestClient, path: str, **fields: Any) -> Any:
    return client.post(path, data=fields, headers={"hx-request": "true"})


def _page(name: str) -> str:
    return f"/departments/{key_of(name)}"


def _tag(client: TestClient, name: str, form: str) -> str:
    html = client.get(_page(name)).text
    found = re.search(rf'{form}".*?name="made_on" value="([^"]+)"', html, re.DOTALL)
    assert found is not None
    return found[1].replace("&#34;", '"')


def _names(engine: Engine) -> set[str]:
    return {each.name for each in transaction(engine, taxonomy.departments)}


def _document(engine: Engine) -> Any:
    found = transaction(engine, rulesets.active)
    assert found is not None
    return found.document


def _plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_list_tells_load_share_labels_and_who_takes_the_rest(ops: TestClient) -> None:
    assert 'hx-get="/departments/table"' in ops.get("/departments").text
    words = _plain(ops.get("/departments/table").text)
    assert "billing refund 3 75 % 0.0 %" in words
    assert "service-desk takes what no rule takes default without rules none 0 0 %" in words
    assert "sales none 1 25 %" in words


def test_a_department_tells_its_labels_and_the_rules_that_name_it(ops: TestClient) -> None:
    words = _plain(ops.get(_page("billing")).text)
    assert "Labels that lead here refund" in words
    assert "Rules that name it 2 money owns all takes part" in words
    assert "2 rules name it. Let another department take over first." in words


def test_hostile_names_and_words_are_escaped_and_in_no_address_or_title(
    ops: TestClient, engine: Engine
) -> None:
    evil = Department(name=_EVIL, description=_EVIL)
    transaction(engine, lambda c: taxonomy.add_departments(c, [evil]))
    for path in ("/departments", "/departments/table", _page(_EVIL), _page("billing")):
        html = ops.get(path).text
        assert "&lt;img src=x" in html
        assert "<img src=x" not in html
        assert " style=" not in html
        assert "img src" not in "".join(re.findall(r"<title>.*?</title>|href=\"[^\"]*\"", html))


def test_words_are_saved_on_what_was_read_and_a_late_edit_shows_both(
    ops: TestClient, engine: Engine
) -> None:
    tag = _tag(ops, "billing", "/words")
    saved = _send(ops, f"{_page('billing')}/words", made_on=tag, description="Money matters")
    assert (saved.status_code, saved.headers["hx-redirect"]) == (204, _page("billing"))
    assert "Money matters" in ops.get(_page("billing")).text
    late = _send(ops, f"{_page('billing')}/words", made_on=tag, description="Mine <b>")
    assert (late.status_code, late.headers["hx-retarget"]) == (412, "#notice")
    assert "Money matters" in late.text
    assert "Mine &lt;b&gt;" in late.text


def test_one_is_added_and_a_name_that_is_there_or_cannot_be_is_refused(
    ops: TestClient, engine: Engine
) -> None:
    added = _send(ops, "/departments", name=" claims ", description="Damage")
    assert added.headers["hx-redirect"] == _page("claims")
    assert "claims" in _names(engine)
    assert _send(ops, "/departments", name="claims").status_code == 409
    assert _send(ops, "/departments", name="a/b").status_code == 422


def test_a_rename_shows_the_rules_it_touches_and_then_they_follow(
    ops: TestClient, engine: Engine
) -> None:
    tag, path = _tag(ops, "billing", "/rename"), f"{_page('billing')}/rename"
    shown = _send(ops, path, made_on=tag, to="accounts", step="show")
    assert "2 rules change" in shown.text
    assert "+  then: {primary: accounts}" in shown.text
    assert "billing" in _names(engine)
    assert _send(ops, path, made_on=tag, to="sales", step="show").status_code == 422
    made = _send(ops, path, made_on=tag, to="accounts", step="make")
    assert made.headers["hx-redirect"] == _page("accounts")
    assert _document(engine)["rules"][0]["then"] == {"primary": "accounts"}


def test_another_takes_over_and_is_named_once_where_it_was_named_already(
    ops: TestClient, engine: Engine
) -> None:
    tag, path = _tag(ops, "billing", "/hand-over"), f"{_page('billing')}/hand-over"
    shown = _send(ops, path, made_on=tag, to="service-desk", step="show")
    assert "2 rules change" in shown.text
    assert _document(engine) == ruleset_object(_RULES)
    assert _send(ops, path, made_on=tag, to="service-desk", step="make").status_code == 204
    assert [rule["then"] for rule in _document(engine)["rules"]] == [
        {"primary": "service-desk"},
        {"primary": "sales", "collaborators": ["service-desk"]},
    ]
    late = _send(ops, f"{_page('sales')}/hand-over", made_on=tag, to="service-desk", step="make")
    assert (late.status_code, late.headers["hx-retarget"]) == (412, "#notice")
    assert _send(ops, path, made_on=tag, to="nowhere", step="show").status_code == 422


def test_it_is_retired_once_nothing_needs_it_and_can_be_brought_back(
    ops: TestClient, engine: Engine
) -> None:
    tag = _tag(ops, "billing", "/words")
    refused = _send(ops, f"{_page('billing')}/retire", made_on=tag)
    assert refused.status_code == 409
    assert "money, all" in refused.text
    rules = _tag(ops, "billing", "/hand-over")
    _send(ops, f"{_page('billing')}/hand-over", made_on=rules, to="sales", step="make")
    gone = _send(ops, f"{_page('billing')}/retire", made_on=_tag(ops, "billing", "/retire"))
    assert gone.status_code == 200
    assert "billing" not in _names(engine)
    assert ops.get(_page("billing")).status_code == 404
    assert 'name="name" value="billing"' in gone.text
    _send(ops, "/departments", name="billing", description="")
    assert "billing" in _names(engine)


def test_the_default_is_given_to_another_and_keeps_its_place(
    ops: TestClient, engine: Engine
) -> None:
    assert f"{_page('service-desk')}/default" not in ops.get(_page("service-desk")).text
    tag = _tag(ops, "spare", "/default")
    assert _send(ops, f"{_page('spare')}/default", made_on=tag).status_code == 204
    found = [each.name for each in transaction(engine, taxonomy.departments) if each.is_default]
    assert found == ["spare"]


def test_under_four_eyes_another_takes_over_only_once_somebody_agrees(
    serve: Serve, engine: Engine
) -> None:
    ops = _signed_in(serve(four_eyes=ControlledArea.RULES.value), engine, Role.OPS)
    tag = _tag(ops, "billing", "/hand-over")
    answer = _send(
        ops, f"{_page('billing')}/hand-over", made_on=tag, to="service-desk", step="make"
    )
    assert (answer.status_code, answer.headers["hx-retarget"]) == (202, "#notice")
    assert "waits for a second person" in answer.text
    assert _document(engine) == ruleset_object(_RULES)
    (waiting,) = transaction(
        engine, lambda c: proposals.proposals(c, before=None, most=9, waiting=True)
    )
    assert waiting.change == "rules.save"


def test_what_a_role_may_not_do_is_neither_offered_nor_done(
    client: TestClient, engine: Engine
) -> None:
    agent = _signed_in(client, engine, Role.AGENT)
    for path in ("/departments", _page("billing")):
        assert 'hx-post="/departments' not in agent.get(path).text
    assert _send(agent, "/departments", name="x").status_code == 403
    assert _send(agent, f"{_page('spare')}/retire", made_on="x").status_code == 403
    helpdesk = _signed_in(client, engine, Role.HELPDESK)
    assert "/departments/table" not in helpdesk.get("/departments").text
    assert helpdesk.get("/departments/table").status_code == 403
