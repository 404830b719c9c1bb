"""Requests that only go where they may, whatever a name resolves to from one moment to the next.

A name is resolved once a request; the address that was checked is the one that is connected to,
while the Host header, the TLS name and the certificate's check stay those of the name. Of several
addresses each must be allowed.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import httpx2

from core.addresses import Address, Reach, literal

Resolve = Callable[[str, int], Awaitable[list[Address]]]
T = TypeVar("T")


class OutOfReach(Exception):
    """The URL leads where requests may not go."""


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """Checks each request's address.

    Args:
        reach: what may be reached.
        resolve: gives the addresses of a host; the system's resolver unless a test says otherwise.
        options: of the transport.
    """

    def __init__(self, reach: Reach, resolve: Resolve | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._reach = reach
        self._resolve = resolve or addresses_of

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends it to the first address that takes a connection.

        Raises:
            OutOfReach: it is not https, or the name has an address that may not be reached.
            httpx2.TransportError: no address took the connection, or it broke.
        """
        if request.url.scheme != "https" and not self._reach.over_http:
            raise OutOfReach("the address is not https")
        host, port = request.url.host, request.url.port or _port(request.url.scheme)
        found = [known] if (known := literal(host)) else await self._resolve(host, port)
        if not all(map(self._reach.allows, found)):
            raise OutOfReach("the name leads to an address that is not public")
        request.extensions = {**request.extensions, "sni_hostname": host}
        failed: httpx2.TransportError = httpx2.ConnectError("the name has no address")
        for address in found:
            request.url = request.url.copy_with(host=str(address))
            try:
                return await super().handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failed = error
        raise failed


class GuardedClient:
    """An HTTP client on an event loop in a thread of its own.

    A loop, because only there a whole attempt can be given one time: name, connection, request and
    answer, however slowly each byte of it comes.

    Args:
        reach: where requests may go.
        timeout_s: of a whole attempt.
        name: of the thread.
        resolve: finds addresses; the system's resolver unless a test says otherwise.

    Attributes:
        http: for use inside `run` alone; it follows no redirect and knows no proxy.
    """

    def __init__(
        self, reach: Reach, *, timeout_s: float, name: str, resolve: Resolve | None = None
    ) -> None:
        self._timeout_s = timeout_s
        # Nothing is kept alive: addresses are shared by names, whose certificates differ.
        transport = GuardedTransport(
            reach,
            resolve,
            verify=ssl.create_default_context(),
            limits=httpx2.Limits(max_keepalive_connections=0),
        )
        self.http = httpx2.AsyncClient(
            transport=transport, timeout=timeout_s, follow_redirects=False, trust_env=False
        )
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name=name, daemon=True).start()

    def run(self, attempt: Coroutine[Any, Any, T]) -> T:
        """What an attempt gives, from any thread.

        Raises:
            TimeoutError: it took too long.
            Exception: whatever it raises.
        """
        return asyncio.run_coroutine_threadsafe(self._timed(attempt), self._loop).result()

    async def _timed(self, attempt: Coroutine[Any, Any, T]) -> T:
        async with asyncio.timeout(self._timeout_s):
            return await attempt


async def addresses_of(host: str, port: int) -> list[Address]:
    """What the system's resolver gives for a name, in its order.

    Raises:
        httpx2.ConnectError: nothing.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx2.ConnectError("the name cannot be resolved") from error
    addresses = [literal(str(entry[4][0])) for entry in found]
    return [each for each in dict.fromkeys(addresses) if each is not None]


def _port(scheme: str) -> int:
    return 80 if scheme == "http" else 443
