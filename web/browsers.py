"""Requests of people's browsers, told apart from those of programs."""

import ipaddress

from starlette.requests import Request

_API = ("/v1/", "/health/live", "/health/ready", "/metrics", "/openapi.json", "/static/")


def is_for_a_page(request: Request) -> bool:
    """Whether a browser asks for a page, or for a part of one."""
    if request.url.path.startswith(_API):
        return False
    return is_from_a_page(request) or "text/html" in request.headers.get("accept", "")


def is_from_a_page(request: Request) -> bool:
    """Whether a page asks for a part of itself."""
    return request.headers.get("hx-request") == "true"


def is_from_another_site(request: Request) -> bool:
    """Whether a browser says that a page of another site, or a subdomain, made this request.

    Browsers send `Sec-Fetch-Site` and no page can change it; programs send none.
    """
    return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def is_of_this_machine(request: Request) -> bool:
    """Whether it comes from here and was meant for here.

    The second is asked so that a name of somebody else's that leads here is not taken for us.
    """
    came_from = request.client.host if request.client else ""
    return is_loopback(came_from) and is_loopback(request.url.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as it names itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
