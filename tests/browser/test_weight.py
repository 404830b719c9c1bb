"""What the first page costs to fetch."""

from typing import Any

from core.types import Role
from tests.browser.conftest import Enter

_MOST_BYTES = 100_000


def test_the_first_page_without_tickets_is_under_a_hundred_kilobytes(enter: Enter) -> None:
    window = enter(Role.ADMIN)
    fetched: list[float] = []

    def count(event: dict[str, Any]) -> None:
        fetched.append(event["encodedDataLength"])

    network = window.page.context.new_cdp_session(window.page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", count)
    window.see("/?source=nowhere")
    assert "No ticket here fits" in window.page.inner_text("main")
    assert len(fetched) >= 6
    assert sum(fetched) < _MOST_BYTES, f"{sum(fetched):,.0f} bytes"
    print(f"{sum(fetched):,.0f} bytes")
