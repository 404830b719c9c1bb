import socket
from collections.abc import Iterator

import pytest

from cli.running.ports import choose_port, reachable
from core.errors import Invalid
from core.settings import Settings


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_port_0_takes_a_free_one() -> None:
    assert choose_port(Settings(http_port=0)) > 0


def test_a_taken_port_that_was_asked_for_is_refused(taken: int) -> None:
    with pytest.raises(Invalid, match=f"POINTSMAN_HTTP_PORT: {taken} is taken"):
        choose_port(Settings(http_port=taken))


def test_the_default_port_gives_way(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POINTSMAN_HTTP_PORT", raising=False)
    settings = Settings.model_construct(http_host="127.0.0.1", http_port=taken)
    settings.model_fields_set.clear()
    assert choose_port(settings) not in (0, taken)


def test_a_host_of_another_machine_is_refused() -> None:
    with pytest.raises(Invalid, match="POINTSMAN_HTTP_HOST"):
        choose_port(Settings(http_host="203.0.113.1"))


@pytest.mark.parametrize(
    ("host", "name"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.5", "10.0.0.5")],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, name: str) -> None:
    assert reachable(host) == name
