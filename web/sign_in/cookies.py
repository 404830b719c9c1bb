"""The cookies of people's browsers, and the token that proves that a page of ours asked.

The CSRF token is an HMAC under the session's secret: only who can read our answers knows it, and
nothing needs to be kept for it.
"""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from core.settings import Settings
from web.browsers import is_loopback

CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie: sent to us alone, not to scripts, and not with what other sites ask.

    Attributes:
        name: with `__Host-` before it where it is secure, so that no neighbour can set it.
        is_secure: whether it is sent over HTTPS only.
        max_age_s: for how long a browser keeps it; None until it is closed.
    """

    name: str
    is_secure: bool
    max_age_s: int | None = None

    def value(self, request: Request) -> str | None:
        """What the browser sent."""
        return request.cookies.get(self.name)

    def put(self, answer: Response, value: str) -> None:
        """Has the browser keep it."""
        answer.set_cookie(
            self.name,
            value,
            max_age=self.max_age_s,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )

    def drop(self, answer: Response) -> None:
        """Has the browser forget it."""
        answer.delete_cookie(
            self.name, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )


def cookie_of(settings: Settings, name: str, *, max_age_s: int | None = None) -> Cookie:
    """A cookie as the settings want it: secure unless we listen on the loopback alone."""
    wanted = settings.session_cookie_secure
    is_secure = not is_loopback(settings.http_host) if wanted is None else wanted
    prefix = "__Host-" if is_secure else ""
    return Cookie(name=f"{prefix}pointsman-{name}", is_secure=is_secure, max_age_s=max_age_s)


def csrf_token(secret: str) -> str:
    """What a request that changes something must carry beside the session's cookie."""
    return hmac.new(secret.encode("utf-8", "replace"), b"csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str | None, secret: str) -> bool:
    """Whether a request carries the token of its session, compared in constant time."""
    return hmac.compare_digest((given or "").encode(), csrf_token(secret).encode())
