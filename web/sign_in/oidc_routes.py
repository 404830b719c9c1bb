"""`/sign-in/oidc` and its callback: where browsers leave for the provider and come back."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse

from core.errors import Invalid
from core.settings import Settings
from store.engine import transaction
from web.callers import Doorman, address_of
from web.problems import Problem
from web.sign_in.arrivals import RoleTerms, let_in
from web.sign_in.cookies import cookie_of
from web.sign_in.oidc import Provider, new_flow, unpacked
from web.sign_in.own_path import own_path

_CALLBACK = "/sign-in/oidc/callback"
_Next = Annotated[str, Query(max_length=2_000)]
_LONGEST = 1_000
"""Characters of a path; three bytes each at most, of the 4,096 of a cookie (RFC 6265, 6.1)."""
_WAY_S = 600
"""For how long a browser may be on its way."""


def provider_of(settings: Settings) -> Provider | None:
    """The provider of the settings; None without one.

    Raises:
        Invalid: it is named in part.
    """
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        fix = "set it to what the provider calls this Pointsman"
        raise Invalid("POINTSMAN_OIDC_CLIENT_ID", "is not set", fix)
    secret = settings.oidc_client_secret
    return Provider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=None if secret is None else secret.get_secret_value(),
    )


def oidc_routes(doorman: Doorman, settings: Settings) -> APIRouter:
    """Both routes; without a provider there is nothing behind them."""
    routes = APIRouter(prefix="/sign-in/oidc", include_in_schema=False)
    provider = provider_of(settings)
    terms = RoleTerms(claim=settings.oidc_role_claim, default=settings.oidc_default_role)
    kept = cookie_of(settings, "oidc", max_age_s=_WAY_S)

    @routes.get("")
    def leave(request: Request, next: _Next = "") -> RedirectResponse:
        doorman.limits.sign_in(address_of(request))
        flow = new_flow(own_path(next if len(next) <= _LONGEST else ""))
        answer = _redirect(_given(provider).way_there(flow, _back(request, settings)))
        kept.put(answer, flow.packed())
        return answer

    @routes.get("/callback")
    def come_back(request: Request) -> RedirectResponse:
        doorman.limits.sign_in(address_of(request))
        there, flow = _given(provider), unpacked(kept.value(request))
        claims = there.claims(flow, request.query_params, _back(request, settings))
        secret = transaction(
            doorman.engine,
            lambda c: let_in(c, claims, issuer=there.issuer, terms=terms, life=doorman.life),
        )
        answer = _redirect(own_path(flow.next))
        doorman.cookie.put(answer, secret)
        kept.drop(answer)
        return answer

    return routes


def _given(provider: Provider | None) -> Provider:
    if provider is None:
        fix = "set POINTSMAN_OIDC_ISSUER, or sign in with a password"
        raise Problem("not-found", "No OpenID provider is set.", fix=fix)
    return provider


def _back(request: Request, settings: Settings) -> str:
    base = settings.public_url or str(request.base_url)
    return base.rstrip("/") + _CALLBACK


def _redirect(url: str) -> RedirectResponse:
    return RedirectResponse(url, 303, {"cache-control": "no-store"})
