"""What may not stand open in production, as far as the settings tell it.

What lets strangers in or sends secrets in the clear keeps a process from starting. A connection to
another machine without TLS is only told of: networks between containers are often closed.
"""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from core.errors import Invalid
from core.settings import Settings

_PLAIN_BROKERS = frozenset({"redis", "sentinel", "amqp", "pyamqp"})
_ENCRYPTED_MODES = frozenset({"require", "verify-ca", "verify-full"})  # of libpq's `sslmode`


def refuse_weak(settings: Settings) -> None:
    """Keeps a process from starting on settings that are for trying out.

    Raises:
        Invalid: names the first of them.
    """
    if not settings.production:
        return
    if settings.console_guest:
        problem = "lets browsers in without signing in"
        raise Invalid("POINTSMAN_CONSOLE_GUEST", problem, "leave it empty in production")
    if settings.webhook_http:
        problem = "lets events and tokens go out unencrypted"
        raise Invalid("POINTSMAN_WEBHOOK_HTTP", problem, "leave it out in production; use https")
    if settings.session_cookie_secure is False:
        problem = "lets sessions go over the network unencrypted"
        raise Invalid("POINTSMAN_SESSION_COOKIE_SECURE", problem, "leave it out, or set it to true")


def plain_connections(settings: Settings) -> list[str]:
    """Who on another machine is spoken to without TLS, in words."""
    return list(_plain(settings))


def _plain(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
        modes = parse_qs(urlsplit(url).query).get("sslmode", [os.environ.get("PGSSLMODE", "")])
        if _is_far(url) and modes[-1] not in _ENCRYPTED_MODES:
            yield "PostgreSQL"
    if settings.redis_url is not None:
        url = settings.redis_url.get_secret_value()
        if _is_far(url) and urlsplit(url).scheme in _PLAIN_BROKERS:
            yield "Redis"
    if settings.oidc_issuer is not None:
        url = settings.oidc_issuer
        if _is_far(url) and not url.startswith("https:"):
            yield "the OpenID provider"


def _is_far(url: str) -> bool:
    """Whether a URL names a host that is not this machine; a socket's path is none."""
    host = urlsplit(url).hostname
    if not host or host == "localhost":
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True
