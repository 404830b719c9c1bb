"""Where webhooks may go; a server of the loopback address stands for the outside."""

import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

import pytest

from core.addresses import Address, Reach, check_url, parse_networks
from core.errors import Invalid
from deliver.webhooks import Wire
from helpdesks.receiving import Outcome, Status
from tests.factories.receivers import Receiver, receiver

_OUTSIDE = Reach(over_http=True, networks=(ip_network("127.0.0.0/8"),))
_REFUSED = "the name leads to an address that is not public"
_HEADERS = {"webhook-id": "x"}


class _Names:
    """A resolver that answers each question as it is told."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[Address]:
        answer = self._answers[self.asked]
        self.asked += 1
        return [ip_address(each) for each in answer]


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def _post(url: str, reach: Reach, resolve: _Names | None = None) -> Outcome:
    return Wire(reach, timeout_s=5, resolve=resolve).post(url, "{}", _HEADERS)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_that_is_not_public_is_out_of_reach_unless_it_is_allowed(address: str) -> None:
    found = ip_address(address)
    assert not Reach().allows(found)
    assert Reach(networks=parse_networks("8.8.0.0/16,2606::/16")).allows(ip_address("8.8.4.4"))
    carried = getattr(found, "ipv4_mapped", None) or found
    networks = (ip_network(f"{address}/{found.max_prefixlen}"), ip_network(carried))
    if address not in ("64:ff9b::7f00:1", "2002:7f00:1::"):
        assert Reach(networks=networks).allows(found)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111"])
def test_a_public_address_is_within_reach(address: str) -> None:
    assert Reach().allows(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0", "0x7f000001", "2130706433"),
        *("localhost", "[::1]", "[::ffff:127.0.0.1]"),
    ],
)
def test_this_machine_is_not_reached_however_it_is_written(hook: Receiver, host: str) -> None:
    said = _post(f"http://{host}:{hook.port}/hook", Reach(over_http=True))
    assert (said.status, said.note) == (Status.RETRY, _REFUSED)
    assert hook.requests == []


@pytest.mark.parametrize("answer", [["10.0.0.1"], ["93.184.215.14", "169.254.169.254"]])
def test_a_name_with_any_private_address_is_refused(answer: list[str]) -> None:
    said = _post("http://hooks.example.com/", Reach(over_http=True), _Names(answer))
    assert said.note == _REFUSED


def test_an_address_in_octal_is_none(hook: Receiver) -> None:
    said = _post(f"http://0177.0.0.1:{hook.port}/hook", _OUTSIDE)
    assert (said.status, said.http_status) == (Status.RETRY, None)
    assert hook.requests == []


def test_a_name_that_nobody_knows_is_no_way_in() -> None:
    said = _post("http://nowhere.invalid/", Reach(over_http=True))
    assert (said.status, said.http_status) == (Status.RETRY, None)
    assert "cannot be resolved" in said.note


def test_a_name_that_rebinds_is_connected_to_where_it_was_checked(hook: Receiver) -> None:
    names = _Names(["127.0.0.1"], ["10.0.0.1"])
    wire = Wire(_OUTSIDE, timeout_s=5, resolve=names)
    url = f"http://hooks.example.com:{hook.port}/hook"
    assert wire.post(url, "{}", _HEADERS).status is Status.DELIVERED
    assert names.asked == 1
    assert hook.requests[0].headers["host"] == f"hooks.example.com:{hook.port}"
    assert wire.post(url, "{}", _HEADERS).note == _REFUSED
    assert len(hook.requests) == 1


def test_the_next_address_is_tried_where_one_takes_no_connection(hook: Receiver) -> None:
    names = _Names(["127.0.0.9", "127.0.0.1"])
    said = _post(f"http://hooks.example.com:{hook.port}/", _OUTSIDE, names)
    assert said.status is Status.DELIVERED


def test_a_server_that_speaks_no_http_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def garble() -> None:
            taken, _ = server.accept()
            with taken:
                taken.recv(100)
                taken.sendall(b"\x00\x01 hello\r\n\r\n")

        thread = threading.Thread(target=garble)
        thread.start()
        said = _post(f"http://127.0.0.1:{server.getsockname()[1]}/", _OUTSIDE)
        thread.join()
    assert (said.status, said.http_status) == (Status.RETRY, None)
    assert said.note


@pytest.mark.parametrize("url", ["http://example.com/", "https://a:b@example.com/", "https://"])
def test_a_url_must_be_https_and_carry_no_credentials(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, Reach())


def test_networks_are_written_as_cidr() -> None:
    with pytest.raises(Invalid, match="WEBHOOK_NETWORKS"):
        parse_networks("10.0.0.1/8")
