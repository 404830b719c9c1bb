"""How often a caller may ask: `429` (RFC 6585) with `Retry-After` (RFC 9110) beyond it.

No `RateLimit` fields are sent: they are a draft of the IETF and no standard.
"""

import ipaddress

from broker.rate_counts import RateCounts
from core.settings import Settings
from store.access.api_tokens import Caller
from web.problems import Problem


class RateLimits:
    """The limits of the settings; 0 a minute is none."""

    def __init__(self, counts: RateCounts, settings: Settings) -> None:
        self._counts = counts
        self._requests = settings.requests_per_minute
        self._tickets = settings.tickets_per_minute
        self._sign_ins = settings.sign_ins_per_minute
        self._strangers = settings.stranger_requests_per_minute

    def request(self, caller: Caller) -> None:
        """Counts a request.

        Raises:
            Problem: it is one too many.
        """
        self._take("requests", _key(caller), caller.name, self._requests, 1)

    def tickets(self, caller: Caller, count: int) -> None:
        """Counts the tickets of a request; as many as a minute may hold pass if nothing came yet.

        Raises:
            Problem: they are too many.
        """
        if count:
            self._take("tickets", _key(caller), caller.name, self._tickets, count)

    def sign_in(self, address: str) -> None:
        """Counts a try to sign in from an address.

        Raises:
            Problem: it is one too many.
        """
        key = network_of(address)
        self._take("tries to sign in", key, "This address", self._sign_ins, 1)

    def stranger(self, address: str, door: str, *, count: int = 1) -> None:
        """Counts a request that nobody vouches for.

        Args:
            address: where it comes from.
            door: where it wants to; each has a count of its own.
            count: 0 asks whether there were too many already.

        Raises:
            Problem: it is one too many.
        """
        key = f"{network_of(address)} {door}"
        self._take("unproven requests", key, "This address", self._strangers, count)

    def _take(self, what: str, key: str, whose: str, most: int, count: int) -> None:
        if not most:
            return
        wait_s = self._counts.wait_s((what, key), most=most, cost=min(count, most))
        if wait_s is not None:
            detail = f"{whose} may send {most} {what} a minute."
            headers = {"retry-after": str(wait_s)}
            raise Problem("too-many-requests", detail, headers=headers)


def network_of(address: str) -> str:
    """The address, or of an IPv6 address its network of 64 bits, which one caller has alone."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


def _key(caller: Caller) -> str:
    kind, id_ = ("person", caller.person_id) if caller.person_id else ("token", caller.token_id)
    return f"{kind}:{id_}"
