"""Ops ends an incident on the live page, and settles what a look at the labels found."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from playwright.sync_api import expect
from sqlalchemy import Connection, text

from core.types import Role
from store.decided import storms
from store.engine import transaction
from store.labels import label_reports
from store.labels.label_reports import Found
from tests.browser.browsing import PHONE
from tests.browser.conftest import Enter
from tests.browser.hostile import PAYLOADS
from tests.browser.stack import Stack

_KEY = "5f0c8d2a91be"


@pytest.fixture(autouse=True)
def found(stack: Stack) -> Iterator[None]:
    """An open incident, a group of tickets without a label, and two labels that overlap."""
    transaction(stack.engine, _flag)
    yield
    transaction(stack.engine, lambda c: c.execute(text("DELETE FROM incident_tickets")))
    transaction(stack.engine, lambda c: c.execute(text("DELETE FROM incidents")))
    transaction(stack.engine, lambda c: c.execute(text("DELETE FROM label_reports")))


def _flag(connection: Connection) -> None:
    decided = text("SELECT ticket_id FROM decisions ORDER BY ticket_id LIMIT 12")
    ids = [UUID(str(id_)) for id_ in connection.execute(decided).scalars()]
    assert storms.flag(connection, ids, bytes(256)) is not None
    now = datetime.now(UTC)
    gap = {"key": _KEY, "terms": ["vpn", PAYLOADS[0]], "tickets": 34}
    overlap = {"key": "a41b77c09d3e", "labels": ["delivery", "refund"], "sign": "together"}
    report = Found(
        model_version="m",
        since=now - timedelta(days=28),
        until=now,
        tickets=412,
        gaps=[{**gap, "examples": [str(id_) for id_ in ids]}],
        overlaps=[{**overlap, "value": 0.83}],
    )
    label_reports.keep(connection, report, after=None)


def test_an_incident_is_seen_on_a_phone_and_ended(enter: Enter) -> None:
    agent = enter(Role.AGENT, PHONE)
    agent.see("/")
    panel = agent.page.locator(".incidents")
    expect(panel).to_contain_text("12")
    expect(panel.locator("button")).to_have_count(0)
    ops = enter(Role.OPS)
    ops.see("/")
    ops.page.locator(".incidents button").click()
    expect(ops.page.locator(".incidents")).to_have_count(0)


def test_what_a_look_at_the_labels_found_is_shown_and_dismissed(enter: Enter) -> None:
    agent = enter(Role.AGENT, PHONE)
    agent.see("/labels")
    expect(agent.page.locator("#care")).to_contain_text("83")
    ops = enter(Role.OPS)
    ops.see("/labels")
    care = ops.page.locator("#care")
    expect(care.get_by_text("34 tickets that no label fits")).to_be_visible()
    while (dismissals := care.get_by_role("button", name="Dismiss")).count():
        left = dismissals.count() - 1
        dismissals.first.click()
        expect(dismissals).to_have_count(left)
    expect(care).to_contain_text("no two labels overlap")
