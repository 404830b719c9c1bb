"""What holds of every page: no barrier, nothing off the side, no complaint, nothing that runs."""

import re
from html import unescape
from pathlib import Path

import pytest

import web.assets
from core.types import Role
from tests.browser.browsing import DESKTOP, PHONE, Window
from tests.browser.conftest import Enter
from tests.browser.hostile import PAYLOADS
from tests.browser.pages import pages
from tests.browser.seed import RIGHT_TO_LEFT
from tests.browser.stack import Stack
from web.access import ACCESS

_AXE = Path(web.assets.__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_EVERY_RULE = {"type": "tag", "values": _TAGS}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_RUN = """async (only) => (await axe.run(document, {runOnly: only, resultTypes: ["violations"]}))
  .violations.map(({id, help, nodes}) => `${id}: ${help}: ${nodes.slice(0, 3).map(
    (node) => `${node.target} ${node.html.slice(0, 160)} ${node.failureSummary}`).join(" | ")}`)"""
_FORGED = 'main :is(script:not([src^="/static/"]), img, iframe, base, meta, [onerror])'
_SIDEWAYS = """() => document.documentElement.scrollWidth > innerWidth
  ? [...document.querySelectorAll("body *")].filter((each) =>
      each.getBoundingClientRect().right > innerWidth + 1 && !each.closest(".scroll, nav"))
    .slice(0, 4).map((each) => `${each.tagName}.${each.className} ${each.outerHTML.slice(0, 90)}`)
    .concat(`${document.documentElement.scrollWidth} px`)
  : []"""
_OFFER = re.compile(r'(?:hx-(get|post|put|patch|delete)|(href))="(/[^"#?]*)')
_WRONG_WAY = """(said) => {
  const found = [...document.querySelectorAll("main *")].filter((each) =>
    each.textContent.trim() === said && !each.firstElementChild);
  return found.length ? found.filter((each) => getComputedStyle(each).direction !== "rtl")
    .map((each) => each.outerHTML) : ["it is not there"];
}"""


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_every_page_is_open_to_everybody_fits_and_complains_of_nothing(
    width: int, enter: Enter, stack: Stack
) -> None:
    """Themes differ in colours alone, so the second one is asked for those."""
    people = {False: enter(Role.ADMIN, width), True: enter(None, width)}
    found: list[str] = []
    for each in pages(stack.engine):
        window = people[each.is_open]
        problems = _problems(window, each.address)
        found += [f"{each.door} at {width}: {problem}" for problem in problems]
    assert not found, "\n".join(found)


def test_what_others_write_runs_nowhere_and_names_no_page(enter: Enter, stack: Stack) -> None:
    window = enter(Role.ADMIN)
    doors = [page.address for page in pages(stack.engine) if not page.is_open]
    addresses = [address for address in doors if _is_whole(window, address)]
    for address in [*addresses, *_hostile_tickets(window)]:
        assert window.see(address) == 200, address
        assert window.page.evaluate("() => window.hacked") is None, address
        forged = window.page.locator(_FORGED)
        assert forged.count() == 0, (address, forged.first.evaluate("(it) => it.outerHTML"))
        for words in (window.page.title(), window.page.url):
            assert not any(mark in words for mark in ("hacked", "7*7", "<")), words
    assert "hacked" in window.page.inner_text("main")


def test_text_of_a_ticket_runs_from_the_side_where_its_language_begins(
    enter: Enter, stack: Stack
) -> None:
    window = enter(Role.AGENT)
    rows = window.page.request.get("/v1/tickets?limit=200").json()["tickets"]
    [ticket] = [each["id"] for each in rows if each["external_id"] == "sample-rtl"]
    for address in ("/?order=arrival", f"/tickets/{ticket}", "/review/bulk?n=100"):
        window.see(address)
        assert window.page.evaluate(_WRONG_WAY, RIGHT_TO_LEFT) == [], address


@pytest.mark.parametrize("role", Role)
def test_a_page_offers_what_its_readers_role_may_do_and_nothing_else(
    role: Role, enter: Enter, stack: Stack
) -> None:
    window = enter(role)
    found = []
    for each in pages(stack.engine):
        answer = window.page.request.get(each.address, headers={"accept": "text/html"})
        shown = answer.text() if answer.ok else ""
        offers = {(kind or "get", unescape(path)) for kind, _, path in _OFFER.findall(shown)}
        found += [f"{each.door} offers {offer}" for offer in offers if not _may(role, *offer)]
    assert not found, "\n".join(found)


def _may(role: Role, method: str, path: str) -> bool:
    """Whether a door is open to a role; of those that fit the one with the most of its own."""
    doors = [(each, door) for (of, each), door in ACCESS.items() if of == method.upper()]
    fitting = [each for each in doors if re.fullmatch(re.sub(r"{\w+}", "[^/]+", each[0]), path)]
    if not fitting:
        return path.startswith("/static/")
    door = min(fitting, key=lambda each: each[0].count("{"))[1]
    return door is None or role in door.roles


def _problems(window: Window, address: str) -> list[str]:
    """What is wrong behind an address; parts of pages are seen within their pages."""
    page, before = window.page, len(window.complaints)
    if not _is_whole(window, address):
        return []
    window.see(address)
    found, window.complaints[before:] = window.complaints[before:], []
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    for scheme, rules in (("light", _EVERY_RULE), ("dark", _COLOURS)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{scheme}: {said}" for said in page.evaluate(_RUN, rules)]
    page.emulate_media(color_scheme="light")
    return [*found, *(f"sideways: {said}" for said in page.evaluate(_SIDEWAYS))]


def _is_whole(window: Window, address: str) -> bool:
    """Whether a door is a page, not a part of one."""
    answer = window.page.request.get(address, headers={"accept": "text/html"})
    assert answer.ok, (address, answer.status)
    return answer.text().lower().startswith("<!doctype html>")


def _hostile_tickets(window: Window) -> list[str]:
    """Addresses of the tickets whose texts are payloads."""
    listed = window.page.request.get("/v1/tickets?limit=200").json()["tickets"]
    found = [f"/tickets/{each['id']}" for each in listed if each["external_id"].startswith("x-")]
    assert len(found) == len(PAYLOADS)
    return found
