"""`/v1/sign-in`: a session for a name and a password."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from store.access import sessions
from store.access.api_tokens import Caller
from store.engine import transaction
from web.callers import Doorman, address_of
from web.problems import Problem, documented
from web.sign_in.me_routes import me_of
from web.sign_in.passwords import PasswordTerms, sign_in
from web.sign_in.schemas import Credentials, Me

_WRONG = "The name or the password is wrong, or there were too many tries."
_FIX = "try again, or wait some minutes if there were many tries"


def sign_in_routes(doorman: Doorman, terms: PasswordTerms) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1", tags=["sign-in"])

    @routes.post(
        "/sign-in",
        response_model=Me,
        responses=documented(
            "unauthenticated", "too-large", "invalid", "too-many-requests", "unavailable"
        ),
        summary="Sign in with a password",
    )
    def come_in(request: Request, answer: Response, given: Credentials) -> Me:
        """Sets the session's cookie. What is wrong is not told, so that names stay unknown."""
        who, secret = begin_session(doorman, terms, given, address_of(request))
        doorman.cookie.put(answer, secret)
        return me_of(who, secret)

    return routes


def begin_session(
    doorman: Doorman, terms: PasswordTerms, given: Credentials, address: str
) -> tuple[Caller, str]:
    """Who came in, and the secret of their session.

    Raises:
        Problem: the name or the password is wrong, or the person or the address is locked.
        Transient: too many passwords are checked at this moment.
    """
    doorman.limits.sign_in(address)
    engine, life = doorman.engine, doorman.life
    secret = sign_in(engine, given.name, given.password, terms=terms, life=life)
    who = secret and transaction(engine, lambda c: sessions.caller_of(c, secret, life))
    if not secret or not who:
        raise Problem("unauthenticated", _WRONG, fix=_FIX)
    return who, secret
