"""An agent's day: the review desk without a mouse, and a ticket corrected where it stands."""

import re

from playwright.sync_api import Route, expect
from sqlalchemy import text

from core.types import Role
from tests.browser.conftest import Enter
from tests.browser.stack import Stack
from tests.factories.processes import wait_until

_TICKETS = 20
_AHEAD = "/review/ahead"
_HELD = text(
    "SELECT id FROM review_items WHERE claimed_by LIKE 'agent@%' "
    "AND lease_until > clock_timestamp() AND resolved_at IS NULL"
)
_TAKEN = text("UPDATE review_items SET claimed_by = 'somebody else' WHERE id = :item")


def test_an_agent_settles_twenty_tickets_by_keyboard_and_takes_one_back(enter: Enter) -> None:
    window = enter(Role.AGENT)
    page = window.page
    window.see("/review")
    progress, facts = page.locator(".review-progress"), page.locator(".case-facts")
    expect(progress).to_contain_text("0 settled today")
    for n in range(_TICKETS):
        page.keyboard.press(("Enter", "1", "s")[n % 3])
        if n % 3 == 1:
            expect(page.get_by_role("button", name="Accept")).to_be_disabled()
            page.keyboard.press("Enter")
        expect(progress).to_contain_text(f"{n + 1} settled today")
    settled = page.locator(".case-facts .chip").first.inner_text()
    page.keyboard.press("u")
    expect(facts).to_contain_text("taken back")
    assert page.locator(".case-facts .chip").first.inner_text() != settled
    page.keyboard.press("Enter")
    expect(facts).not_to_contain_text("taken back")
    expect(progress).to_contain_text(f"{_TICKETS} settled today")
    doors = [re.sub(r"/[0-9a-f-]+$", "", path) for path in window.changes]
    item = [f"/review/{path}" for path in ("undo", "again")]
    asked = [door for door in doors if door != _AHEAD]
    assert asked == ["/review/next", *["/review"] * _TICKETS, *item]


def test_the_next_ticket_is_there_before_the_server_answers_and_is_given_back_on_leaving(
    enter: Enter, stack: Stack
) -> None:
    page = (window := enter(Role.AGENT)).page
    with page.expect_response(f"**{_AHEAD}"):
        window.see("/review")
    held = _held(stack)
    assert len(held) == 2
    on_its_way: list[Route] = []

    def keep_back(route: Route) -> None:
        on_its_way.append(route)

    shown = page.locator("#judgement:visible")
    first = shown.get_attribute("data-item")
    page.route(f"**/review/{first}", keep_back)
    page.keyboard.press("Enter")
    expect(shown).not_to_have_attribute("data-item", str(first))
    assert {first, shown.get_attribute("data-item")} == held
    page.keyboard.press("Enter")
    assert len(on_its_way) == 1, "nothing more is said until this is answered"
    with page.expect_response(f"**{_AHEAD}"):
        on_its_way[0].continue_()
    expect(page.locator(".review-progress")).to_contain_text(re.compile("[1-9]\\d* settled today"))
    assert page.locator("#judgement").count() == 1

    page.goto("/account")
    wait_until(lambda: len(_held(stack)) == 1, timeout_s=10, what="release", seen=str)


def test_what_is_refused_comes_back_to_the_desk_as_it_was(enter: Enter, stack: Stack) -> None:
    page = (window := enter(Role.AGENT)).page
    with page.expect_response(f"**{_AHEAD}"):
        window.see("/review")
    item = page.locator("#judgement").get_attribute("data-item")
    page.get_by_label("Note for the trainer").fill("for sure")
    with stack.engine.begin() as connection:
        connection.execute(_TAKEN, {"item": item})
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("is not held by")
    expect(page.locator("#judgement")).to_have_attribute("data-item", str(item))
    expect(page.get_by_label("Note for the trainer")).to_have_value("for sure")
    window.forgive("409")


def test_a_label_is_found_by_its_name_and_help_opens_and_closes(enter: Enter) -> None:
    page = (window := enter(Role.APPROVER)).page
    window.see("/review")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Take the last one back")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("subscr")
    expect(page.locator(".option:visible")).to_have_count(1)
    box = page.get_by_role("checkbox", name="subscription")
    was = box.is_checked()
    page.keyboard.press("Enter")
    expect(box).to_be_checked(checked=not was)
    assert {*window.changes} <= {"/review/next", _AHEAD}


def test_what_is_said_without_a_server_is_told_as_lost_and_can_be_said_again(enter: Enter) -> None:
    page = (window := enter(Role.OPS)).page
    window.see("/review")
    page.context.set_offline(True)
    page.keyboard.press("s")
    expect(page.locator("#notice")).to_contain_text("The server cannot be reached")
    expect(page.locator(".review-progress")).to_contain_text("0 settled today")
    page.context.set_offline(False)
    page.keyboard.press("s")
    expect(page.locator(".review-progress")).to_contain_text("1 settled today")
    expect(page.locator("#notice")).to_be_empty()
    window.forgive("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")


def test_a_decision_is_corrected_on_its_ticket_and_the_word_taken_back(enter: Enter) -> None:
    page = (window := enter(Role.OPS)).page
    window.see("/?order=arrival")
    page.locator(".card a").last.click()
    window.settle()
    said = page.locator("#correct .said li")
    before = said.count()
    box = page.locator("#correct").get_by_role("checkbox", name="network")
    was = box.is_checked()
    box.set_checked(not was)
    page.get_by_label("Note for the trainer").fill("it says router")
    page.get_by_role("button", name="Save correction").click()
    expect(said).to_have_count(before + 1)
    expect(said.first).to_contain_text("ops@example.com")
    expect(box).to_be_checked(checked=not was)
    said.first.get_by_role("button", name="Take back").click()
    expect(said.first).to_contain_text("taken back by")
    expect(box).to_be_checked(checked=was)


def _held(stack: Stack) -> set[str]:
    """Items that the agent holds."""
    with stack.engine.connect() as connection:
        return {str(item) for item in connection.execute(_HELD).scalars()}
