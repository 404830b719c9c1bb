"""Ops change where tickets go: edited, tried on the past, saved with a note, taken back."""

import re

from playwright.sync_api import Locator, expect
from sqlalchemy import text

from core.types import Role
from tests.browser.conftest import Enter
from tests.browser.stack import Stack


def test_a_rule_is_edited_backtested_saved_with_a_note_and_the_revision_before_restored(
    enter: Enter, stack: Stack
) -> None:
    page = (window := enter(Role.OPS)).page
    was = _active(stack)
    window.see("/rules")
    expect(page.locator("li.rule").first).to_be_visible()
    row = max(page.locator("li.rule").all(), key=_decided)
    rule, goes_to = row.get_attribute("data-rule"), row.locator(".then b").first.inner_text()
    other = "sales" if goes_to != "sales" else "billing"
    page.get_by_role("button", name=f"Edit {rule}", exact=True).click()
    page.get_by_label("The ticket goes to").select_option(other)
    page.get_by_role("button", name="Take into the draft").click()
    expect(page.locator(f"#rule-{rule}")).to_contain_text("changed")

    page.get_by_role("button", name="Backtest it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Try rules on the past")
    page.get_by_role("button", name="Backtest", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("Load of each department")
    moves = page.get_by_role("table", name="Tickets that would change hands")
    cells = moves.get_by_role("row").nth(1).get_by_role("cell")
    expect(cells.nth(0)).to_have_text(goes_to)
    expect(cells.nth(1)).to_have_text(other)

    window.see("/rules")
    expect(page.locator(f"#rule-{rule}")).to_contain_text("changed")
    page.get_by_label("Why, for the history").fill("moved for the autumn")
    page.get_by_role("button", name="Save rules").click()
    expect(page.locator("#notice")).to_contain_text(re.compile(r"Revision \d+ decides now"))
    assert _active(stack) > was
    expect(page.locator(f"#rule-{rule} .then b").first).to_have_text(other)

    window.see("/rules/history")
    newest = page.get_by_role("table", name="Revisions").get_by_role("row").nth(1)
    expect(newest).to_contain_text("moved for the autumn")
    expect(newest).to_contain_text("ops@example.com")
    page.get_by_role("button", name=f"Restore revision {was}", exact=True).click()
    expect(newest).to_contain_text(f"as in revision {was}")
    notice = page.locator("#notice")
    expect(notice).to_contain_text(f"Revision {was} decides again, as revision {was + 2}.")
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text(f"Revision {was + 1} decides again, as revision {was + 3}.")
    expect(newest).to_contain_text(f"as in revision {was + 1}")
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text(f"as revision {was + 4}.")
    window.see("/rules")
    expect(page.locator(f"#rule-{rule} .then b").first).to_have_text(goes_to)


def _decided(row: Locator) -> int:
    """How many tickets a rule decided."""
    found = re.search(r"(\d+) decided", row.inner_text())
    return int(found[1]) if found else 0


def _active(stack: Stack) -> int:
    with stack.engine.connect() as connection:
        found = connection.execute(text("SELECT version FROM rulesets WHERE active"))
        return int(found.scalar_one())
