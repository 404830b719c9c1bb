"""`python -m tests.browser.screenshots [ADDRESS]`: pictures of every page of the demo's console.

Each page is taken at the width of a desk and of a phone and laid into `docs/screenshots`. A demo
that runs on the state folder is looked at; otherwise one is started and stopped again. ADDRESS is
that of another web process on its services.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, TimeoutError

from cli.running.state import Running, running
from core.settings import load_settings
from store.engine import make_engine
from tests.browser.browsing import DESKTOP, PHONE, chromium, window_of
from tests.browser.pages import Page, pages
from tests.factories.commands import CommandLine, stop, wait_for_line

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
_COLOURS = 128
_SETTLED = "() => !document.querySelector('#why [hx-trigger^=load]')"
_READY = "Ctrl-C stops everything"


def main() -> int:
    """Takes the pictures and says where they are."""
    with _demo() as demo, chromium() as browser:
        address = sys.argv[1] if sys.argv[1:] else demo.console_url or ""
        engine = make_engine(demo.database_url, pool_size=1, statement_timeout_s=10)
        shown = pages(engine, all_filled=False)
        engine.dispose()
        for width in (DESKTOP, PHONE):
            take(browser, address, shown, width)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    return 0


def take(browser: Browser, address: str, shown: list[Page], width: int) -> None:
    """Pictures of the pages among some doors, as the demo's guest sees them."""
    window = window_of(browser, address, width)
    for each in shown:
        answer = window.page.request.get(each.address, headers={"accept": "text/html"})
        if not answer.ok or not answer.text().lower().startswith("<!doctype html>"):
            continue
        window.see(each.address)
        if urlsplit(window.page.url).path != urlsplit(each.address).path:
            continue  # the guest is led on from the way in
        with suppress(TimeoutError):  # of a worker that explains nothing
            window.page.wait_for_function(_SETTLED, timeout=20_000)
        _keep(window.page.screenshot(), FOLDER / f"{_name(each.door)}-{width}.png")
    window.page.context.close()


def _name(door: str) -> str:
    """`/labels/{key}` is `labels-key`, `/` is `live`."""
    return door.strip("/").replace("/", "-").translate(str.maketrans("", "", "{}")) or "live"


def _keep(picture: bytes, path: Path) -> None:
    """Lays a picture down in few colours, which is all that a page has."""
    path.parent.mkdir(exist_ok=True)
    few = Image.open(io.BytesIO(picture)).convert("RGB").quantize(_COLOURS)
    few.save(path, optimize=True)


@contextmanager
def _demo() -> Iterator[Running]:
    state = load_settings().state_dir
    if found := running(state):
        yield found
        return
    process = CommandLine(state=state).start("demo")
    try:
        wait_for_line(process, _READY)
        started = running(state)
        assert started is not None
        yield started
    finally:
        stop(process)


if __name__ == "__main__":
    sys.exit(main())
