"""`/v1/me` and `/v1/sign-out`: who one is, one's password, and the end of one's session."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Invalid
from core.passwords import hash_password
from store.access import people, sessions
from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.callers import Doorman, address_of
from web.problems import Problem, documented
from web.sign_in.cookies import csrf_token
from web.sign_in.passwords import PasswordTerms, right_attempt
from web.sign_in.schemas import Me, PasswordChange

_Who = Annotated[Caller, Depends(caller)]


def me_routes(doorman: Doorman, terms: PasswordTerms) -> APIRouter:
    """The three routes."""
    routes = APIRouter(prefix="/v1", tags=["sign-in"])
    engine, cookie = doorman.engine, doorman.cookie

    @routes.get(
        "/me",
        response_model=Me,
        responses=documented("unauthenticated", "forbidden", "unavailable"),
        summary="Who one is",
    )
    def me(request: Request, answer: Response, who: _Who) -> Me:
        """With the `csrf_token` that a session's changes must carry."""
        answer.headers["cache-control"] = "no-store"
        return me_of(who, None if who.person_id is None else cookie.value(request))

    @routes.post(
        "/me/password",
        status_code=204,
        responses=documented(
            "unauthenticated", "forbidden", "conflict", "too-large", "invalid", "unavailable"
        ),
        summary="Change one's password",
    )
    def change_password(request: Request, who: _Who, given: PasswordChange) -> None:
        """Every session of the person ends, this one too: sign in with the new one."""
        change_own_password(doorman, terms, who, given, address_of(request))

    @routes.post(
        "/sign-out",
        status_code=204,
        responses=documented("unauthenticated", "forbidden", "unavailable"),
        summary="End the session",
    )
    def go(request: Request, answer: Response) -> None:
        """A token has no session, so nothing ends for it."""
        secret = cookie.value(request)
        if secret is not None:
            transaction(engine, lambda c: sessions.end(c, secret))
            cookie.drop(answer)

    return routes


def change_own_password(
    doorman: Doorman, terms: PasswordTerms, who: Caller, given: PasswordChange, address: str
) -> None:
    """A password for another; every session of the person ends.

    Raises:
        Problem: a token asks, or the address tried too often.
        Invalid: the current password is wrong, or the new one too weak.
    """
    if who.person_id is None:
        raise Problem("conflict", "A token has no password.", fix="sign in first")
    doorman.limits.sign_in(address)
    hashed = _hashed(given.new, terms)
    attempt = right_attempt(doorman.engine, who.name, given.current, terms)
    if attempt is None:
        raise Invalid("current", "is not the password", "see that it is typed right")
    transaction(doorman.engine, lambda c: _set(c, attempt.person_id, hashed, by=who.name))


def _hashed(password: str, terms: PasswordTerms) -> str:
    try:
        return hash_password(password, min_chars=terms.min_chars)
    except Invalid as error:
        raise Invalid("new", error.problem, error.fix) from error


def _set(connection: Connection, person_id: int, hashed: str, *, by: str) -> None:
    one = people.person(connection, person_id)
    if one is not None:
        people.set_password(connection, one, hashed, actor=by)


def me_of(who: Caller, secret: str | None) -> Me:
    """How a caller is told of themself; `secret` is their session's, if they have one."""
    return Me(
        kind="token" if who.person_id is None else "person",
        name=who.name,
        role=who.role,
        scopes=None if who.scopes is None else sorted(who.scopes),
        sources=None if who.sources is None else list(who.sources),
        csrf_token=secret and csrf_token(secret),
    )
