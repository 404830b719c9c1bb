"""An admin lets somebody in, makes a token, and finds both in the audit log."""

import httpx
from playwright.sync_api import expect

from core.types import Role
from tests.browser.conftest import Enter
from tests.browser.stack import Stack


def test_a_person_and_a_token_are_made_shown_once_and_told_in_the_audit_log(
    enter: Enter, stack: Stack
) -> None:
    page = (window := enter(Role.ADMIN)).page
    window.see("/admin/people")
    page.get_by_label("Name or e-mail address").fill("new@example.com")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#people")).to_contain_text("The password of new@example.com")
    password = page.locator("#secret").inner_text()
    said = {"name": "new@example.com", "password": password}
    assert httpx.post(f"{stack.address}/v1/sign-in", json=said).status_code == 200

    window.see("/admin/tokens")
    page.get_by_label("Name, by which the audit log knows it").fill("the new shop")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#tokens")).to_contain_text("The secret of the new shop")
    secret = page.locator("#secret").inner_text()
    bearer = {"authorization": f"Bearer {secret}"}
    assert httpx.get(f"{stack.address}/v1/tickets", headers=bearer).status_code == 200

    for path in ("/admin/people", "/admin/tokens", "/admin/audit"):
        window.see(path)
        shown = page.inner_text("main")
        assert password not in shown, path
        assert secret not in shown, path
    for area, action in (("people", "person"), ("token", "token")):
        rows = page.get_by_role("table", name="Entries, newest first").get_by_role("row")
        told = rows.filter(has_text="admin@example.com").filter(has_text=action)
        expect(told.first, area).to_be_visible()
