"""The page of one ticket, as people use it."""

import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.types import Role, Rung, TicketState
from router.policy import make_policy, policy_object
from store.decided import explanations
from store.decided.explanations import Subject
from store.engine import transaction
from store.models import model_versions
from store.queue.tickets import accept
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import a_person, sign_in
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket

_EVIL = '<script>alert("x")</script><img src=x onerror=1>\'"&'


@pytest.fixture
def page(client: TestClient, engine: Engine) -> TestClient:
    """The client as the browser of an agent called ann, with labels and departments to choose."""

    def words(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in ("delivery", "refund")])
        names = ("orders", "billing")
        taxonomy.add_departments(connection, [Department(name=name) for name in names])

    transaction(engine, words)
    return _as(client, engine, Role.AGENT)


def test_it_tells_text_scores_department_and_what_happened(
    page: TestClient, engine: Engine
) -> None:
    shown = page.get(_a_ticket(engine)).text
    for words in ("It should be here by now.", "0.90", "orders", "late-parcels", "Received"):
        assert words in shown
    assert "Parcel is late" not in shown.split("</title>")[0]
    assert len(re.findall("<h1", shown)) == 1


def test_nothing_that_a_ticket_or_a_person_says_becomes_markup(
    page: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name=_EVIL)]))
    path = _a_ticket(engine, subject=_EVIL, body=_EVIL, customer=_EVIL)
    assert _save(page, path, labels=[_EVIL], note=_EVIL).status_code == 204
    _explain(engine, path, [{"start": 0, "end": 20, "weight": 1.0, "score_without": 0.1}])
    for part in (path, f"{path}/why"):
        shown = page.get(part).text
        assert "&lt;script&gt;" in shown
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert not re.search(r"<style|\sstyle=|\son\w+=\"|javascript:", shown)


def test_the_phrases_are_asked_for_and_marked_once_a_worker_has_made_them(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    asked = page.get(f"{path}/why").text
    assert f'hx-get="{path}/why?looks=1"' in asked
    assert "<mark" not in asked
    assert 'hx-trigger="load' not in page.get(f"{path}/why?looks=30").text
    _explain(
        engine,
        path,
        [
            {"start": 0, "end": 6, "weight": 2.5, "score_without": 0.2},
            {"start": 7, "end": 9, "weight": -1.0, "score_without": 0.95},
        ],
    )
    made = page.get(f"{path}/why").text
    assert re.findall(r"<mark[^>]*>([^<]+)<sup>1</sup></mark>", made) == ["Parcel"]
    assert "spoke against it" in made
    assert 'hx-trigger="load' not in made


def test_a_correction_is_kept_as_what_it_changes_and_can_be_taken_back(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    saved = _save(page, path, labels=["refund"], department="billing", note="seen it")
    assert (saved.status_code, saved.headers["hx-redirect"]) == (204, path)
    said = _said(page, path)
    assert {(each["kind"], each["department"]) for each in said} == {
        ("wrong_label", None),
        ("wrong_route", "billing"),
    }
    assert {each["agent"] for each in said} == {"ann@example.com"}
    assert _ticked(page.get(path).text) == ["refund"]
    for each in said:
        assert _post(page, f"{path}/feedback/{each['id']}/take-back").status_code == 204
    assert _ticked(page.get(path).text) == ["delivery"]
    again = _post(page, f"{path}/feedback/{said[0]['id']}/take-back")
    assert (again.status_code, "taken back already" in again.text) == (409, True)


def test_a_right_decision_is_confirmed_and_an_unchanged_form_is_no_correction(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    refused = _save(page, path, labels=["delivery"])
    assert (refused.status_code, "say that it is right" in refused.text) == (422, True)
    assert _save(page, path, verdict="accepted").status_code == 204
    assert [each["kind"] for each in _said(page, path)] == ["confirmed"]


def test_who_was_overtaken_is_shown_both_and_loses_nothing(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    stale = _fields(page, path)
    assert _save(page, path, labels=["refund"]).status_code == 204
    answer = _post(page, f"{path}/feedback", {**stale, "verdict": "replaced", "note": "mine"})
    assert answer.status_code == 412
    assert "Somebody changed it meanwhile" in answer.text
    assert 'value="mine"' in answer.text
    assert _ticked(answer.text) == []
    assert len(_said(page, path)) == 1


def test_a_ticket_that_was_revised_meanwhile_is_not_corrected_unseen(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    stale = _fields(page, path)
    _a_ticket(engine, body="It came, thank you.")
    answer = _post(page, f"{path}/feedback", {**stale, "verdict": "accepted"})
    assert answer.status_code == 412
    assert _said(page, path) == []


def test_a_decision_is_made_again_to_look_at(page: TestClient, engine: Engine) -> None:
    path = _a_ticket(engine)
    shown = _post(page, f"{path}/replay", {"under": "record"})
    assert (shown.status_code, "cannot be made again" in shown.text) == (200, True)
    policy = make_policy({"delivery": 0.5, "refund": 0.5}, {}, frozenset())
    rules = {
        "default_department": "orders",
        "rules": [
            {"id": "r", "order": 1, "when": {"label": "delivery"}, "then": {"primary": "billing"}}
        ],
    }

    def change(connection: Connection) -> None:
        model_versions.keep_thresholds(connection, "t", policy_object(policy))
        rulesets.save(connection, rules, author="ops", note="")

    transaction(engine, change)
    present = _post(page, f"{path}/replay", {"under": "present"}).text
    assert ("<b>billing</b>" in present, "differs in" in present) == (True, True)
    assert "orders" in page.get(path).text
    assert _post(page, f"{path}/replay", {"under": "magic"}).status_code == 422


def test_a_quarantined_ticket_tells_its_error_and_ops_have_it_tried_again(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine, state=TicketState.QUARANTINED, error="the tokenizer gave up")
    seen = page.get(path).text
    assert "the tokenizer gave up" in seen
    assert "try-again" not in seen
    assert _post(page, f"{path}/try-again").status_code == 403
    ops = _as(page, engine, Role.OPS, "otto@example.com")
    assert f'hx-post="{path}/try-again"' in ops.get(path).text
    assert _post(ops, f"{path}/try-again").status_code == 204
    assert _post(ops, f"{path}/try-again").status_code == 409
    told = "SELECT actor FROM audit_log WHERE action = 'ticket.replayed'"
    assert transaction(engine, lambda c: c.execute(text(told)).scalars().all()) == [
        "otto@example.com"
    ]


def test_an_erased_ticket_says_so_and_what_is_not_there_is_told(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    id_ = _id(path)

    def erase(connection: Connection) -> None:
        for table in ("ticket_contents", "decisions"):
            connection.execute(text(f"DELETE FROM {table} WHERE ticket_id = :id"), {"id": id_})
        connection.execute(text("UPDATE tickets SET state = 'erased' WHERE id = :id"), {"id": id_})

    transaction(engine, erase)
    shown = page.get(path)
    assert (shown.status_code, "This ticket was erased" in shown.text) == (200, True)
    assert "Save correction" not in shown.text
    assert page.get(f"/tickets/{uuid4()}").status_code == 404
    assert page.get(f"/tickets/{uuid4()}/why").status_code == 404


def test_a_ticket_whose_text_is_past_its_time_keeps_its_decision(
    page: TestClient, engine: Engine
) -> None:
    path = _a_ticket(engine)
    transaction(engine, lambda c: c.execute(text("DELETE FROM ticket_contents")))
    shown = page.get(path).text
    assert "past its time" in shown
    assert "late-parcels" in shown
    assert f'hx-get="{path}/why"' not in shown
    assert f'hx-post="{path}/replay"' not in shown


def test_a_ticket_that_waits_is_shown_without_a_decision(page: TestClient, engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    id_ = transaction(engine, lambda c: c.execute(text("SELECT id FROM tickets")).scalar_one())
    shown = page.get(f"/tickets/{id_}").text
    assert "No decision stands on it yet" in shown
    assert "hx-get" not in shown.split("<main", 1)[1]


def _as(
    client: TestClient, engine: Engine, role: Role, name: str = "ann@example.com"
) -> TestClient:
    a_person(engine, name=name, role=role)
    token = sign_in(client, name)
    client.headers.update({"x-csrf-token": token, "accept": "text/html", "hx-request": "true"})
    return client


def _a_ticket(engine: Engine, **changes: Any) -> str:
    """The path of a decided ticket's page."""
    ends = {name: changes.pop(name) for name in ("state", "error") if name in changes}
    accepted = transaction(engine, lambda c: accept(c, [a_ticket(**changes)], source="shop"))
    decide_all(engine, change=lambda entry: replace(entry, **ends))
    return f"/tickets/{accepted[0].id}"


def _id(path: str) -> UUID:
    return UUID(path.rsplit("/", 1)[1])


def _explain(engine: Engine, path: str, phrases: list[dict[str, Any]]) -> None:
    subject = Subject(ticket_id=_id(path), revision=1, model_version="m", rung=Rung.MODEL)
    result = {
        "labels": {"delivery": {"aside": 0.0, "phrases": phrases}},
        "nearest": [],
        "complete": True,
        "method": "leaving_out",
    }
    transaction(engine, lambda c: explanations.ask(c, subject, fresh_s=60))
    transaction(engine, lambda c: explanations.keep(c, subject, json.dumps(result)))


def _fields(page: TestClient, path: str) -> dict[str, str]:
    shown = page.get(path).text
    found = (re.search(rf'name="{name}" value="([^"]*)"', shown) for name in ("revision", "seen"))
    revision, seen = (each[1] for each in found if each)
    return {"revision": revision, "seen": seen}


def _save(page: TestClient, path: str, verdict: str = "replaced", **said: Any) -> Any:
    fields = {**_fields(page, path), "verdict": verdict, **said}
    return _post(page, f"{path}/feedback", fields)


def _post(page: TestClient, path: str, fields: dict[str, Any] | None = None) -> Any:
    return page.post(path, data=fields or {})


def _said(page: TestClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.get(f"/v1{path}/feedback").json()["feedback"]
    return found


def _ticked(html: str) -> list[str]:
    return re.findall(r'name="labels" value="([^"]*)" checked', html)
