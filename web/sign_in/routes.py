"""`/v1/sign-in`: a session for a name and a password."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from store import sessions
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
    engine, cookie = doorman.engine, doorman.cookie

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
        doorman.limits.sign_in(address_of(request))
        secret = sign_in(engine, given.name, given.password, terms=terms, life=doorman.life)
        who = secret and transaction(engine, lambda c: sessions.caller_of(c, secret, doorman.life))
        if not secret or not who:
            raise Problem("unauthenticated", _WRONG, fix=_FIX)
        cookie.put(answer, secret)
        return me_of(who, secret)

    return routes
