"""Where requests may go that somebody else chose the address of: guards against SSRF.

Only what is public by IANA's registries is allowed (`ipaddress.is_global`), so loopback, private,
link-local, shared (100.64/10), multicast and metadata addresses are not. An address that carries
another inside (IPv4-mapped, 6to4, Teredo, NAT64) is judged by that one too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from core.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052
_FIX = "give an address like https://hooks.example.com/pointsman"
MAX_URL_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be reached.

    Attributes:
        over_http: whether TLS is not needed.
        networks: allowed although they are not public.
    """

    over_http: bool = False
    networks: tuple[Network, ...] = ()

    def allows(self, address: Address) -> bool:
        """Whether a connection to this address may be made."""
        return all(self._is_fine(each) for each in _carried(address))

    def _is_fine(self, address: Address) -> bool:
        if any(address in network for network in self.networks):
            return True
        return address.is_global and not address.is_multicast


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks as CIDR with commas between them.

    Raises:
        Invalid: one is none.
    """
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        fix = "give networks such as 10.1.0.0/16,192.168.7.9/32"
        raise Invalid("POINTSMAN_WEBHOOK_NETWORKS", "names something else", fix) from error


def check_url(url: str, reach: Reach) -> str:
    """The URL if an endpoint may have it; where its name leads is checked at each connection.

    Raises:
        Invalid: it is no URL of a host, not https, carries credentials, or names an address that
            is out of reach.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Invalid("url", "is no URL", _FIX) from error
    if _is_unclean(url) or parts.scheme not in ("http", "https") or not host or port == 0:
        raise Invalid("url", "is no URL of a web server", _FIX)
    if parts.scheme == "http" and not reach.over_http:
        raise Invalid("url", "is not https", f"{_FIX}; or set POINTSMAN_WEBHOOK_HTTP")
    if parts.username is not None or parts.password is not None:
        raise Invalid("url", "carries credentials", "leave them out; requests are signed")
    address = literal(host)
    if address is not None and not reach.allows(address):
        raise Invalid("url", "names an address that is not public", _FIX)
    return url


def literal(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_unclean(url: str) -> bool:
    return len(url) > MAX_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url


def _carried(address: Address) -> Iterator[Address]:
    """The address and those that it stands for."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64:
        yield IPv4Address(address.packed[-4:])
