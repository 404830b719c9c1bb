"""The day of those who run it: thresholds, models, and two people at once."""

import re

from playwright.sync_api import Locator, expect

from core.types import Role
from tests.browser.browsing import Window
from tests.browser.conftest import Enter
from tests.browser.models_page import served, take_back
from tests.browser.stack import Stack
from web.console.labels.shown import key_of

_SCORE = "Ticked for agents from"


def test_a_threshold_is_slid_with_its_worth_told_and_saved(enter: Enter) -> None:
    window = enter(Role.OPS)
    slider = _slider(window, "login")
    worth = window.page.locator("[data-score=preselect_from] [data-worth]")
    slider.press("Home")
    low = worth.inner_text()
    assert re.search(r"precision \d+%.*recall 100%", low), low
    for _ in range(8):
        slider.press("PageUp")
    assert worth.inner_text() != low
    chosen = slider.input_value()
    window.page.get_by_role("button", name="Save level").click()
    window.page.wait_for_event("load")
    expect(window.page.get_by_label(_SCORE)).to_have_value(re.compile(re.escape(chosen[:6])))
    assert float(chosen) > 0.5


def test_who_saves_second_is_shown_what_stands_beside_what_they_wanted(enter: Enter) -> None:
    first, second = enter(Role.OPS), enter(Role.ADMIN)
    for window, key in ((first, "Home"), (second, "End")):
        _slider(window, "invoice").press(key)
    with first.page.expect_navigation():
        first.page.get_by_role("button", name="Save level").click()
    second.page.get_by_role("button", name="Save level").click()
    told = second.page.get_by_role("table", name="What stands now and what you wanted")
    row = told.get_by_role("row", name="preselect_from")
    expect(row.get_by_role("cell")).to_have_text(["0.0", "1.0"])
    expect(second.page.get_by_label(_SCORE)).to_have_value("1")
    second.forgive("412")
    second.page.get_by_role("link", name="Load what stands now").click()
    expect(second.page.get_by_label(_SCORE)).to_have_value("0")


def test_a_version_is_activated_by_name_and_rolled_back(enter: Enter, stack: Stack) -> None:
    page = (window := enter(Role.OPS)).page
    serving, other = stack.models.serving, stack.models.other
    window.see("/models")
    page.get_by_role("link", name=other).first.click()
    expect(page.locator("main")).to_contain_text("The gate rejected it.")
    page.get_by_label("Why").fill("the gate is too strict")
    with page.expect_navigation():
        page.get_by_role("button", name="Activate").click()
    window.see("/models")
    assert served(page) == other
    take_back(page, other)
    assert served(page) == serving


def test_an_agent_is_shown_no_button_that_is_not_theirs(enter: Enter, stack: Stack) -> None:
    page = (window := enter(Role.AGENT)).page
    for path in ("/models", f"/models/{stack.models.other}", f"/labels/{key_of('login')}"):
        assert window.see(path) == 200
        assert page.locator("main [hx-post]").count() == 0, path
    assert window.see("/labels/new") == 403
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    window.forgive("403")


def _slider(window: Window, label: str) -> Locator:
    window.see(f"/labels/{key_of(label)}")
    row = window.page.locator("[data-score=preselect_from]")
    row.get_by_label("as the model chose").uncheck()
    return window.page.get_by_label(_SCORE)
