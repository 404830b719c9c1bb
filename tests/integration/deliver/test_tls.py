"""Who gets events: a receiver that shows a certificate for its name by an authority we know."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from core.addresses import Address, Reach
from deliver.helpdesks import Line
from deliver.webhooks import Wire
from helpdesks.desk import Later, Refused
from helpdesks.receiving import Outcome, Status
from tests.factories.receivers import Receiver, receiver
from tests.factories.tls import Authority, tls_before

_REACH = Reach(networks=(ip_network("127.0.0.0/8"),))
_HOST = "localhost"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that this process knows, as an operator would name it."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


async def _here(host: str, port: int) -> list[Address]:
    return [ip_address("127.0.0.1")]


def _post(url: str) -> Outcome:
    return Wire(_REACH, timeout_s=10, resolve=_here).post(url, "{}", {"webhook-id": "x"})


def test_a_receiver_with_a_right_certificate_is_taken(hook: Receiver, authority: Authority) -> None:
    with tls_before(hook.port, authority.server_of(_HOST)) as port:
        assert _post(f"https://{_HOST}:{port}/hook").status is Status.DELIVERED
    assert hook.ids == ["x"]


def test_wrong_certificates_get_nothing_and_the_log_says_why(
    hook: Receiver, authority: Authority, tmp_path: Path
) -> None:
    wrong = {
        "self-signed certificate in certificate chain": Authority(tmp_path, "other").server_of(
            _HOST
        ),
        "Hostname mismatch": authority.server_of("elsewhere.example.com"),
        "certificate has expired": authority.server_of(_HOST, days=-1),
    }
    said = {}
    for why, context in wrong.items():
        with tls_before(hook.port, context) as port:
            said[why] = _post(f"https://{_HOST}:{port}/hook")
    assert {outcome.status for outcome in said.values()} == {Status.RETRY}
    assert "expired" in said["certificate has expired"].note
    assert "ostname mismatch" in said["Hostname mismatch"].note
    assert hook.requests == []


def test_a_helpdesk_with_a_wrong_certificate_is_told_nothing(
    hook: Receiver, authority: Authority
) -> None:
    ask = Line(_REACH, timeout_s=10)
    wrong = authority.server_of("elsewhere.example.com")
    with tls_before(hook.port, wrong) as port, pytest.raises(Later):
        ask("POST", f"https://{_HOST}:{port}/", {"authorization": "Bearer token"}, b"{}")
    with pytest.raises(Refused, match="is not https"):
        ask("POST", hook.url, {"authorization": "Bearer token"}, b"{}")
    assert hook.requests == []


def test_an_endpoint_that_was_made_when_http_was_allowed_gets_nothing_any_more(
    hook: Receiver,
) -> None:
    assert _post(hook.url).note == "the address is not https"
    assert hook.requests == []
