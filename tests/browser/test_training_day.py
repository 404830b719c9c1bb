"""An engineer retrains, reads what the gate says, lets the model serve, and takes it back."""

import re

from playwright.sync_api import expect

from core.types import Role
from tests.browser.conftest import Enter
from tests.browser.models_page import served, take_back
from tests.browser.stack import Stack, trainer

_TRAINING_MS = 240_000


def test_a_model_is_retrained_judged_promoted_and_rolled_back(enter: Enter, stack: Stack) -> None:
    page = (window := enter(Role.OPS)).page
    window.see("/models")
    was = served(page)
    window.see("/training")
    page.get_by_label("Why now").fill("a day of the engineer")
    page.get_by_role("button", name="Retrain now").click()
    progress = page.locator("#progress")
    expect(progress).to_contain_text("asked for by ops@example.com")
    number = progress.get_by_role("heading").inner_text().split()[-1]
    with trainer(stack) as processes:
        expect(progress, processes.logs()).to_have_count(0, timeout=_TRAINING_MS)
    expect(page.get_by_role("button", name="Retrain now")).to_be_visible()

    page.get_by_role("link", name=number, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    gate = page.get_by_role("region", name="What the gate said")
    expect(gate.get_by_role("listitem").first).to_contain_text(re.compile("passed|failed"))
    made = page.locator("dl.facts a.mono").inner_text()
    assert made != was

    page.get_by_role("link", name=made).click()
    page.get_by_label("Why", exact=True).fill("it knows the new policy")
    with page.expect_navigation():
        page.get_by_role("button", name="Activate").click()
    window.see("/models")
    assert served(page) == made
    take_back(page, made)
    assert served(page) == was
