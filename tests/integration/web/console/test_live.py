"""The live page with filters and pages, and its figures."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from core.types import Role, TicketState
from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.callers import a_person, sign_in
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket, tickets
from web.console.live.routes import CARDS


@pytest.fixture
def page(client: TestClient, engine: Engine) -> TestClient:
    a_person(engine, role=Role.AGENT)
    sign_in(client)
    return client


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("label=delivery", True),
        ("label=refund", False),
        ("department=orders&state=decided", True),
        ("department=billing", False),
        ("label=delivery&over=90", True),
        ("label=delivery&over=91", False),
        ("over=90", True),
        ("under=90", False),
        ("under=91&over=", True),
        ("model=m&source=shop&language=en", True),
        ("model=other", False),
        ("source=other", False),
        ("language=de", False),
        ("state=quarantined", False),
    ],
)
def test_a_filter_leaves_what_fits(
    page: TestClient, engine: Engine, query: str, fits: bool
) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket(language="en")], source="shop"))
    decide_all(engine)
    for part in ("/", "/board"):
        shown = page.get(f"{part}?{query}")
        assert shown.status_code == 200
        assert ("Parcel is late" in shown.text) == fits
        assert ("No ticket here fits" in shown.text) != fits


def test_the_filter_is_kept_in_what_the_page_asks_for(page: TestClient) -> None:
    shown = page.get('/?source="><b>&label=').text
    assert 'data-from="/board?source=%22%3E%3Cb%3E"' in shown
    assert 'name="source" maxlength="200" value="&#34;&gt;&lt;b&gt;"' in shown
    assert '<details class="filters" open>' in shown


def test_older_pages_follow_without_a_gap(page: TestClient, engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, tickets(CARDS + 5), source="shop"))
    decide_all(engine)
    assert "/?order=arrival" in page.get("/").text
    first = page.get("/?order=arrival").text
    older = re.search(r'href="(/\?[^"]*cursor=[^"]*)"', first)
    assert older
    second = page.get(older[1].replace("&amp;", "&")).text
    assert 'data-poll-ms="0"' in second
    seen = [_keys(first), _keys(second)]
    assert [len(keys) for keys in seen] == [CARDS, 5]
    assert not seen[0] & seen[1]


def test_what_is_no_query_of_ours_is_refused(page: TestClient) -> None:
    for query in ("cursor=x", "over=101", "state=nonsense"):
        assert page.get(f"/?{query}", headers={"accept": "text/html"}).status_code == 422


def test_a_card_leads_to_its_ticket_and_a_failed_one_is_found(
    page: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: accept(c, tickets(1), source="shop"))
    decide_all(engine, change=lambda x: replace(x, state=TicketState.QUARANTINED, error="e"))
    shown = page.get("/?state=quarantined").text
    found = re.search(r'<a href="(/tickets/[^"]+)">Parcel', shown)
    assert found
    assert page.get(found[1]).status_code == 200


def test_the_last_day_is_told_to_those_who_may_see_figures(
    page: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: accept(c, tickets(4), source="shop"))
    decide_all(engine)
    assert "/live/day" in page.get("/").text
    told = page.get("/live/day").text
    assert "<b>4</b> decided in the last 24 hours" in told
    assert "<b>100 %</b> without anybody" in told
    assert ">0.8</dd>" in page.get("/board").text
    a_person(engine, name="desk@example.com", role=Role.HELPDESK)
    sign_in(page, "desk@example.com")
    assert "/live/day" not in page.get("/").text
    assert page.get("/live/day").status_code == 403


def _keys(html: str) -> set[str]:
    return set(re.findall(r'data-key="([^"]+)"', html))
