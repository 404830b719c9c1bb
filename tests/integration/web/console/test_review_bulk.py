"""The bulk review page as agents meet it, several of them at once."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import ReviewReason, Role
from store.decided.decisions import Finished
from store.engine import transaction
from store.feedback.review_items import Wanted
from store.queue.tickets import accept
from store.rules.taxonomy import Department, Label, add_departments, add_labels
from tests.factories.callers import a_secret, bearer
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket

_HOSTILE = "<script>alert(1)</script>"
_ENDED = "UPDATE review_items SET lease_until = now() - interval '1 s' WHERE claimed_by = 'ann'"
_ITEMS = 12
_Form = Mapping[str, object]


@pytest.fixture
def ann(client: TestClient, engine: Engine) -> TestClient:
    """An agent, and twelve items due one after the other, the later the more doubtful."""
    known = [Label(name=name) for name in ("delivery", "refund")]
    transaction(engine, lambda c: add_labels(c, known))
    transaction(engine, lambda c: add_departments(c, [Department(name="billing")]))
    sent = [
        a_ticket(f"t-{n:02}", subject=f"{n} {_HOSTILE}", body=f"{_HOSTILE} " + "x" * 9_000)
        for n in range(_ITEMS)
    ]
    transaction(engine, lambda c: accept(c, sent, source="shop"))
    numbers = iter(range(_ITEMS))

    def doubted(entry: Finished) -> Finished:
        n = next(numbers)
        wanted = Wanted(reasons=(ReviewReason.NO_RULE,), uncertainty=n / 100, due_s=60 + n)
        return replace(entry, review=wanted)

    decide_all(engine, change=doubted)
    client.headers.update(bearer(a_secret(engine, Role.AGENT, "ann")))
    return client


@pytest.fixture
def bob(ann: TestClient, engine: Engine) -> dict[str, str]:
    """The headers of another agent."""
    return bearer(a_secret(engine, Role.AGENT, "bob"))


def _take(agent: TestClient, **form: object) -> list[str]:
    """The items on the page that an agent gets, as they stand in it."""
    return _items(agent.post("/review/bulk/next", data={"n": 10, **form}).text)


def _items(html: str) -> list[str]:
    return re.findall(r'name="items" value="(\d+)"', html)


def _row(item: str, *labels: str, skip: bool = False, department: str = "") -> _Form:
    """What a row's fields say; the decision was for `delivery`."""
    form: dict[str, list[str]] = {"items": [item], "labels": [f"{item}:{x}" for x in labels]}
    form["departments"] = [f"{item}:{department}"]
    return form | {"skipped": [item] if skip else []}


def _together(*rows: _Form) -> _Form:
    fields = ("items", "labels", "departments", "skipped")
    return {name: [each for row in rows for each in row[name]] for name in fields}  # type: ignore[attr-defined]


def _settle(agent: TestClient, *rows: _Form, **more: object) -> str:
    answer = agent.post("/review/bulk", data=_together(*rows), **more)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.text


def _settled(html: str) -> list[str]:
    return re.findall(r'id="row-([^"]+)" class="bulk-row settled"', html)


def _told(html: str, item: str) -> str:
    found = re.search(rf'hx-swap-oob="innerHTML:#told-{item}">(.*?)</div>', html, re.DOTALL)
    assert found, html
    return found[1]


def _given(html: str) -> list[str]:
    """What the key that undoes the last action would take back."""
    last = html[html.index("#last") : html.index('class="bulk-row settled"')]
    return re.findall(r'name="given" value="([^"]+)"', last)


def _kinds(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT kind FROM corrections ORDER BY created_at, id"))
        return list(rows.scalars())


def _holders(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, claimed_by FROM review_items"))
        return {str(row.id): row.claimed_by for row in rows}


def test_the_page_takes_nothing_and_its_part_takes_what_nobody_else_holds(
    ann: TestClient, bob: dict[str, str], engine: Engine
) -> None:
    page = ann.get("/review/bulk?n=10&order=uncertainty")
    assert "Taking tickets" in page.text
    assert {*_holders(engine).values()} == {None}
    taken = ann.post("/review/bulk/next", data={"n": 10, "order": "uncertainty"})
    assert taken.headers["hx-replace-url"] == "/review/bulk?n=10&order=uncertainty"
    assert re.findall(r">(t-\d\d)<", taken.text) == [f"t-{n:02}" for n in range(11, 1, -1)]
    assert _HOSTILE not in taken.text
    assert "x" * 4_001 not in taken.text
    assert "The text goes on" in taken.text
    others = ann.post("/review/bulk/next", data={"n": 100}, headers=bob).text
    assert len(_items(others)) == 2
    assert not {*_items(others)} & {*_items(taken.text)}


def test_rows_have_outcomes_of_their_own_and_one_that_is_refused_undoes_none(
    ann: TestClient, bob: dict[str, str], engine: Engine
) -> None:
    right, moved, wrong, skipped, unknown, lost, gone, *_ = _take(ann)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE review_items SET claimed_by = 'bob' WHERE id = :id"), {"id": lost}
        )
        ticket = connection.execute(
            text("SELECT ticket_id FROM review_items WHERE id = :id"), {"id": gone}
        ).scalar()
    said = {"outcome": "accepted"}
    assert ann.post(f"/v1/tickets/{ticket}/feedback", json=said).status_code == 200
    html = _settle(
        ann,
        _row(lost, "refund"),
        _row(unknown, "no such label"),
        _row(gone, "refund"),
        _row(right, "delivery"),
        _row(moved, "delivery", department="billing"),
        _row(wrong, "refund"),
        _row(skipped, "refund", skip=True),
    )
    assert _settled(html) == [right, moved, wrong, skipped]
    assert "Another agent holds it now: <b>bob</b>" in _told(html, lost)
    assert "labels" in _told(html, unknown)
    assert "settled or decided again meanwhile" in _told(html, gone)
    assert not {f"#row-{each}" for each in (lost, unknown, gone)} & {
        *re.findall("#row-[0-9]+", html)
    }
    expected = ["confirmed", "confirmed", "wrong_route", "wrong_label", "skipped"]
    assert sorted(_kinds(engine)) == sorted(expected)
    assert "5 settled today" in html
    assert _settled(_settle(ann, _row(unknown, "refund"))) == [unknown]


def test_a_lease_that_ended_counts_until_somebody_else_takes_it(
    ann: TestClient, bob: dict[str, str], engine: Engine
) -> None:
    first, second, *_ = _take(ann)
    with engine.begin() as connection:
        connection.execute(text(_ENDED))
    assert _settled(_settle(ann, _row(first, "delivery"))) == [first]
    assert second in _items(ann.post("/review/bulk/next", data={"n": 100}, headers=bob).text)
    html = _settle(ann, _row(second, "refund"))
    assert (_settled(html), "bob" in _told(html, second)) == ([], True)
    renewed = ann.post("/review/bulk/renew", data={"items": [second]}).text
    assert "It is not yours any more" in _told(renewed, second)


def test_the_last_action_is_taken_back_whole_and_its_rows_are_judged_again(
    ann: TestClient, engine: Engine
) -> None:
    items = _take(ann)[:3]
    html = _settle(ann, *(_row(each, "delivery") for each in items))
    given = _given(html)
    assert [each.split(":")[0] for each in given] == items
    back = ann.post("/review/bulk/undo", data={"given": given}).text
    assert [f"#row-{item}" in back for item in items] == [True] * 3
    assert "0 settled today" in back
    tickets = re.findall(r'name="tickets" value="([^"]+)"', back)
    again = {
        "tickets": tickets,
        "labels": [f"{tickets[0]}:refund", *(f"{x}:delivery" for x in tickets[1:])],
    }
    html = ann.post("/review/bulk/again", data=again).text
    assert sorted(_settled(html)) == sorted(tickets)
    kinds = _kinds(engine)
    assert kinds[:6] == [*["confirmed"] * 3, *["withdrawn"] * 3]
    assert sorted(kinds[6:]) == ["confirmed", "confirmed", "wrong_label"]
    twice = ann.post("/review/bulk/undo", data={"given": given}).text
    assert "does not stand" in _told(twice, items[0])


def test_another_order_gives_back_what_was_shown_and_so_does_leaving(
    ann: TestClient, bob: dict[str, str], engine: Engine
) -> None:
    by_deadline = _take(ann)
    assert _take(ann) == by_deadline
    doubtful = _take(ann, order="uncertainty", items=by_deadline)
    assert {*doubtful} != {*by_deadline}
    assert sum(holder == "ann" for holder in _holders(engine).values()) == 10
    html = ann.post("/review/bulk/release", data={"items": doubtful}, headers=bob).text
    assert "Given back" in html
    assert sum(holder == "ann" for holder in _holders(engine).values()) == 10
    ann.post("/review/bulk/release", data={"items": doubtful})
    assert {*_holders(engine).values()} == {None}


def test_a_hundred_rows_with_many_ticks_each_are_taken_as_one_form(ann: TestClient) -> None:
    items = _take(ann, n=25)
    form = _together(*(_row(item, "delivery") for item in items))
    ticks = [f"{10_000 + n}:delivery" for n in range(1_000 - len(items))]
    full = {**form, "labels": [*form["labels"], *ticks]}  # type: ignore[misc]
    answer = ann.post("/review/bulk", data=full)
    assert (answer.status_code, len(_settled(answer.text))) == (200, _ITEMS)


def test_what_makes_no_sense_is_refused_and_the_helpdesk_sees_nothing(
    ann: TestClient, engine: Engine
) -> None:
    assert ann.get("/review/bulk?n=11").status_code == 422
    item = _take(ann)[0]
    for wrong in (
        {"items": [item], "labels": ["refund"]},
        {"items": ["-1"]},
        {"items": [item] * 101},
        {},
    ):
        assert ann.post("/review/bulk", data=wrong).status_code == 422, wrong
    for given in ("1", f"{item}:x:y"):
        assert ann.post("/review/bulk/undo", data={"given": [given]}).status_code == 422
    assert _kinds(engine) == []
    helpdesk = bearer(a_secret(engine))
    assert ann.get("/review/bulk", headers=helpdesk).status_code == 403
