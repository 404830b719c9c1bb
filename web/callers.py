"""Who sent a request: a token in `Authorization`, or a person by the cookie of their session."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from starlette.requests import Request

from core.settings import Settings
from store.access import api_tokens, people, sessions
from store.access.api_tokens import Caller
from store.access.sessions import SessionLife
from store.engine import transaction
from web.browsers import is_for_a_page, is_from_another_site, is_of_this_machine
from web.problems import Problem
from web.rate_limits import RateLimits
from web.sign_in.cookies import CSRF_HEADER, Cookie, cookie_of, is_csrf_token

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE = {"www-authenticate": "Bearer"}
_CSRF_FIX = "send `csrf_token` of `GET /v1/me` as `X-CSRF-Token`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorman:
    """Knows callers, and how often each may ask.

    Attributes:
        guest: name of the person that a browser on this machine is without signing in; empty for
            nobody.
    """

    engine: Engine
    cookie: Cookie
    life: SessionLife
    limits: RateLimits
    guest: str = ""

    def caller(self, request: Request, secret: str | None) -> Caller:
        """Who asks.

        Args:
            request: what is asked.
            secret: of the token, if one was sent; a cookie is not looked at then.

        Raises:
            Problem: nobody that we know, or a page of somebody else's asks through a browser.
        """
        if secret is None and self.cookie.value(request) is not None:
            return self._person(request)
        if secret is None and self._is_a_guest(request):
            return self._welcome(request)
        if secret is None:
            raise Problem("unauthenticated", "The request carries no token.", headers=_CHALLENGE)
        found = transaction(self.engine, lambda c: api_tokens.caller_of(c, secret))
        if found is None:
            detail = "The token is unknown, revoked or over."
            raise Problem("unauthenticated", detail, headers=_CHALLENGE)
        return found

    def session_of(self, request: Request) -> str | None:
        """The secret of the session that a request came with, or was given just now."""
        given: str | None = getattr(request.state, "new_session", None)
        return given or self.cookie.value(request)

    def visitor(self, request: Request) -> Caller | None:
        """The person whose browser asks; None for a stranger. Says nothing about what they may."""
        secret = self.session_of(request)
        if secret is None:
            return None
        return transaction(self.engine, lambda c: sessions.caller_of(c, secret, self.life))

    def _is_a_guest(self, request: Request) -> bool:
        asks = request.method == "GET" and is_for_a_page(request)
        return bool(self.guest) and asks and is_of_this_machine(request)

    def _welcome(self, request: Request) -> Caller:
        """Signs the guest in; the page that answers hands the cookie over."""

        def work(connection: Connection) -> str:
            found = people.person_named(connection, self.guest)
            return sessions.begin(connection, found.id, self.life, name=found.name)

        request.state.new_session = transaction(self.engine, work)
        return self._person(request)

    def _person(self, request: Request) -> Caller:
        found = self.visitor(request)
        if found is None:
            fix = "sign in again"
            raise Problem("unauthenticated", "The session is over.", headers=_CHALLENGE, fix=fix)
        secret = self.cookie.value(request) or ""
        given = request.headers.get(CSRF_HEADER)
        if request.method not in _SAFE and not is_csrf_token(given, secret):
            raise Problem("forbidden", "The X-CSRF-Token is not the session's.", fix=_CSRF_FIX)
        if request.method not in _SAFE and is_from_another_site(request):
            fix = "ask from a page of Pointsman"
            raise Problem("forbidden", "The request comes from another site's page.", fix=fix)
        return found


def address_of(request: Request) -> str:
    """Where a request comes from, as the server knows it; behind a proxy see docs/api.md."""
    return request.client.host if request.client else "unknown"


def make_doorman(engine: Engine, settings: Settings, limits: RateLimits) -> Doorman:
    """The doorman as the settings want it."""
    return Doorman(
        engine=engine,
        cookie=cookie_of(settings, "session"),
        life=SessionLife(most=settings.session_life, idle=settings.session_idle),
        limits=limits,
        guest=settings.console_guest,
    )
