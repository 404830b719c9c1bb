"""One browser and one system for all tests in here; each test has windows of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser

from core.types import Role
from tests.browser.browsing import DESKTOP, INSTALL, Window, chromium, signed_in, window_of
from tests.browser.stack import Stack, running
from tests.databases import fresh_database

Enter = Callable[..., Window]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if shutil.which("chromium") is None and "CI" not in os.environ:
        pytest.skip(f"no chromium on PATH: {INSTALL}")
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def stack(
    browser: Browser,
    postgres_server: str,
    template_database: str,
    redis_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """Started after the browser, so that nothing is started where there is none."""
    folder: Path = tmp_path_factory.mktemp("stack")
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    with (
        contextmanager(fresh_database)(postgres_server, template_database) as url,
        running(url, redis_server, folder) as started,
    ):
        yield started


@pytest.fixture
def enter(browser: Browser, stack: Stack) -> Iterator[Enter]:
    """Opens windows of roles' people; whatever the test does, none may have complained."""
    opened: list[Window] = []

    def entered(role: Role | None, width: int = DESKTOP) -> Window:
        address = stack.address
        opened.append(
            window_of(browser, address, width)
            if role is None
            else signed_in(browser, address, role, width)
        )
        return opened[-1]

    yield entered
    for window in opened:
        window.page.context.close()
    assert [said for window in opened for said in window.complaints] == []
