"""The list of models, as a person reads it and takes a version back."""

from playwright.sync_api import Page, expect

_STATE = "td:nth-of-type(1) > .chip"


def served(page: Page) -> str:
    """The version whose state is `serves`; what the gate said of others may have the same word."""
    serving = page.locator(_STATE).get_by_text("serves", exact=True)
    expect(serving).to_have_count(1)
    row = page.get_by_role("row").filter(has=serving)
    return row.get_by_role("rowheader").get_by_role("link").inner_text()


def take_back(page: Page, version: str) -> None:
    """Lets the version before this one, which serves, serve again."""
    with page.expect_navigation():
        page.get_by_role("button", name=f"Take {version} back", exact=True).click()
