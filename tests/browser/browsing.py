"""A browser as somebody has it: signed in, of a size, and listened to for complaints."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Page,
    Request,
    sync_playwright,
)

from core.types import Role
from tests.browser.seed import person
from tests.factories.callers import PASSWORD

DESKTOP, PHONE = 1280, 390
INSTALL = "apt-get update && apt-get install chromium"
_HEIGHT = 900
_TIMEOUT_MS = 15_000
_WATCH = """addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});"""
_SETTLED = """() => document.readyState === "complete"
  && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")"""


@dataclass(slots=True)
class Window:
    """One person's browser window, and what it complained of.

    Attributes:
        page: the tab.
        complaints: errors on the console or in a script, refusals by the policy, and dialogs.
        changes: paths of the requests that change something.
    """

    page: Page
    complaints: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def see(self, path: str) -> int:
        """Goes to a path and waits until its parts are there; gives the status."""
        answer = self.page.goto(path)
        assert answer is not None
        self.settle()
        return answer.status

    def settle(self) -> None:
        """Waits until nothing is on its way."""
        self.page.wait_for_function(_SETTLED)

    def forgive(self, *words: str) -> None:
        """Takes complaints back that hold one of the words; each must have been made."""
        for word in words:
            assert any(word in complaint for complaint in self.complaints), (word, self.complaints)
            self.complaints = [each for each in self.complaints if word not in each]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window.

    Raises:
        FileNotFoundError: it is not installed.
    """
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError(f"no chromium on PATH: {INSTALL}")
    options = ["--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


def signed_in(browser: Browser, address: str, role: Role, width: int) -> Window:
    """A window of a role's person."""
    window = window_of(browser, address, width)
    said = {"name": person(role), "password": PASSWORD}
    answer = window.page.request.post("/v1/sign-in", data=said)
    assert answer.ok, answer.text()
    return window


def window_of(browser: Browser, address: str, width: int) -> Window:
    """A window of a stranger."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": _HEIGHT},
        locale="en-GB",
        reduced_motion="reduce",
    )
    context.set_default_timeout(_TIMEOUT_MS)
    context.add_init_script(_WATCH)
    return _listened(context)


def _listened(context: BrowserContext) -> Window:
    window = Window(page=context.new_page())

    def hear(kind: str, words: str) -> None:
        window.complaints.append(f"{kind}: {words} ({window.page.url})")

    def note(request: Request) -> None:
        if request.method != "GET":
            window.changes.append(urlsplit(request.url).path)

    def dismiss(dialog: Dialog) -> None:
        hear("dialog", dialog.message)
        dialog.dismiss()

    def overhear(said: ConsoleMessage) -> None:
        if said.type == "error":
            hear("console", said.text)

    context.on("console", overhear)
    context.on("weberror", lambda error: hear("script", str(error.error)))
    context.on("dialog", dismiss)
    context.on("request", note)
    return window
