"""Both ways to come in, as the settings want them."""

from fastapi import APIRouter

from core.settings import Settings
from web.callers import Doorman
from web.sign_in.me_routes import me_routes
from web.sign_in.oidc_routes import oidc_routes
from web.sign_in.passwords import terms_of
from web.sign_in.routes import sign_in_routes


def coming_in(doorman: Doorman, settings: Settings) -> list[APIRouter]:
    """The routers of sign-in.

    Raises:
        Invalid: the OpenID provider is named in part.
    """
    terms = terms_of(settings)
    return [
        sign_in_routes(doorman, terms),
        me_routes(doorman, terms),
        oidc_routes(doorman, settings),
    ]
