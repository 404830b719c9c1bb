"""The review page as an agent meets it."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import ReviewReason, Role
from store.decided.decisions import Finished
from store.engine import transaction
from store.feedback.review_items import Wanted
from store.queue.tickets import accept
from store.rules.taxonomy import Label, add_labels
from tests.factories.callers import a_secret, bearer
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket

_HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def ann(client: TestClient, engine: Engine) -> TestClient:
    """An agent, and three items due one after the other."""
    known = [Label(name="delivery", guidelines=f"late {_HOSTILE}"), Label(name="refund")]
    transaction(engine, lambda c: add_labels(c, known))
    sent = [a_ticket(f"t-{n}", subject=f"{n} {_HOSTILE}") for n in range(3)]
    transaction(engine, lambda c: accept(c, sent, source="shop"))
    due = iter(range(60, 63))

    def doubted(entry: Finished) -> Finished:
        wanted = Wanted(reasons=(ReviewReason.NO_RULE,), uncertainty=0.5, due_s=next(due))
        return replace(entry, review=wanted)

    decide_all(engine, change=doubted)
    client.headers.update(bearer(a_secret(engine, Role.AGENT, "ann")))
    return client


def _item(html: str) -> str:
    found = re.search(r'hx-post="(/review/\d+)"', html)
    assert found, html
    return found[1]


def _number(item: str) -> str:
    return item.rpartition("/")[2]


def _kinds(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT kind FROM corrections ORDER BY created_at, id"))
        return list(rows.scalars())


def test_reading_the_page_takes_nothing_and_its_part_does(ann: TestClient) -> None:
    assert "Taking the next ticket" in ann.get("/review").text
    taken = ann.post("/review/next").text
    assert "t-0" in taken
    assert "no rule is about its labels" in taken
    assert _item(ann.get("/review?order=uncertainty").text) == _item(taken)
    assert _HOSTILE not in taken
    assert taken.count("&lt;script&gt;") >= 2


def test_each_outcome_is_kept_and_brings_the_next(ann: TestClient, engine: Engine) -> None:
    first = _item(ann.post("/review/next").text)
    second = ann.post(first, data={"outcome": "accepted", "labels": ["delivery"]}).text
    assert "t-1" in second
    third = ann.post(_item(second), data={"outcome": "replaced", "labels": ["refund"]}).text
    assert "2 settled today" in third
    done = ann.post(_item(third), data={"outcome": "skipped", "labels": ["refund"]}).text
    assert "Nothing to review" in done
    assert _kinds(engine) == ["confirmed", "wrong_label", "skipped"]


def test_what_was_changed_is_not_accepted_and_what_was_not_is_not_replaced(
    ann: TestClient, engine: Engine
) -> None:
    item = _item(ann.post("/review/next").text)
    for said in (
        {"outcome": "accepted", "labels": ["refund"]},
        {"outcome": "replaced", "labels": ["delivery"]},
    ):
        answer = ann.post(item, data=said, headers={"hx-request": "true"})
        assert (answer.status_code, answer.headers["hx-retarget"]) == (422, "#notice")
    assert _kinds(engine) == []


def test_the_next_one_is_held_while_one_judges_and_is_not_sent_twice(
    ann: TestClient, engine: Engine
) -> None:
    bob = bearer(a_secret(engine, Role.AGENT, "bob"))
    first = _item(ann.post("/review/next").text)
    ahead = ann.post("/review/ahead", data={"current": _number(first)})
    second = _item(ahead.text)
    assert "t-1" in ahead.text
    assert _item(ann.post("/review/ahead", data={"current": _number(first)}).text) == second
    said = {"outcome": "accepted", "labels": ["delivery"], "ahead": _number(second)}
    assert "t-2" in ann.post("/review/next", headers=bob).text
    moved_on = ann.post(first, data=said)
    assert (moved_on.headers["hx-reswap"], "1 settled today" in moved_on.text) == ("none", True)
    assert "judgement" not in moved_on.text
    assert ann.post("/review/ahead", data={"current": _number(second)}).status_code == 204


def test_a_next_one_that_was_given_back_is_replaced_by_what_is_free(
    ann: TestClient, engine: Engine
) -> None:
    bob = bearer(a_secret(engine, Role.AGENT, "bob"))
    first = _item(ann.post("/review/next").text)
    second = _number(_item(ann.post("/review/ahead", data={"current": _number(first)}).text))
    assert ann.post(f"/v1/review/{second}/release").status_code == 200
    assert "t-1" in ann.post("/review/next", headers=bob).text
    said = {"outcome": "accepted", "labels": ["delivery"], "ahead": second}
    assert "t-2" in ann.post(first, data=said).text


def test_undo_takes_back_and_lets_one_judge_again(ann: TestClient, engine: Engine) -> None:
    item = _item(ann.post("/review/next").text)
    html = ann.post(item, data={"outcome": "accepted", "labels": ["delivery"]}).text
    ticket = re.findall(r'hx-post="/review/undo/([^"]+)"', html)[0]
    said = {"feedback_id": re.findall(r'name="feedback_id" value="([^"]+)"', html)[0]}
    back = ann.post(f"/review/undo/{ticket}", data=said).text
    assert f'hx-post="/review/again/{ticket}"' in back
    assert ann.post(f"/review/undo/{ticket}", data=said).status_code == 409
    again = {"outcome": "replaced", "labels": ["refund"]}
    after = ann.post(f"/review/again/{ticket}", data=again).text
    assert "t-1" in after
    assert _kinds(engine) == ["confirmed", "withdrawn", "wrong_label"]
    assert ann.post(f"/review/undo/{UUID(int=0)}", data=said).status_code == 404


def test_another_agent_is_told_that_it_is_not_theirs(ann: TestClient, engine: Engine) -> None:
    item = _item(ann.post("/review/next").text)
    bob = bearer(a_secret(engine, Role.AGENT, "bob"))
    said = {"outcome": "accepted", "labels": ["delivery"]}
    refused = ann.post(item, data=said, headers={**bob, "hx-request": "true"})
    assert (refused.status_code, "is not held by bob" in refused.text) == (409, True)
    assert ann.post(f"{item}/renew", headers=bob).status_code == 409
    assert "data-until" in ann.post(f"{item}/renew").text
    assert "t-1" in ann.post("/review/next", headers=bob).text
    helpdesk = bearer(a_secret(engine))
    assert ann.get("/review", headers=helpdesk).status_code == 403
