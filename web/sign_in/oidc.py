"""The way through an OpenID provider: authorization code with PKCE (OpenID Connect Core, 3.1).

The provider's description and keys are read at each sign-in: it happens seldom, and so a key that
was changed counts at once.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from core.errors import Transient
from web.problems import Problem

_TIMEOUT_S = 5.0
_LEEWAY_S = 60
_SCOPE = "openid email profile"
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Signatures with a key pair alone: none, and none under a secret that we share."""
_FIX = "go to /sign-in/oidc and sign in again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What a browser keeps from its way to the provider until it is back.

    Attributes:
        state: comes back with the browser, so that nobody else's way ends here.
        nonce: comes back in the ID token, so that no other token is taken for it.
        verifier: proves that who began the way ends it (RFC 7636).
        next: the page that was asked for before.
    """

    state: str
    nonce: str
    verifier: str
    next: str

    def packed(self) -> str:
        """As one word for a cookie."""
        return ".".join((self.state, self.nonce, self.verifier, quote(self.next, safe="")))


def new_flow(next_: str) -> Flow:
    """256 random bits for each secret part."""
    return Flow(
        next=next_,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(32),
    )


def unpacked(word: str | None) -> Flow:
    """The flow of a cookie.

    Raises:
        Problem: there is none, or it is none of ours.
    """
    parts = (word or "").split(".")
    if len(parts) < 4 or not all(parts):
        raise refusal("This browser is not on its way from the provider.")
    state, nonce, verifier = parts[:3]
    return Flow(state=state, nonce=nonce, verifier=verifier, next=unquote(".".join(parts[3:])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Who knows our people, and what it calls us. `client_secret` is None for a public client."""

    issuer: str
    client_id: str
    client_secret: str | None

    def way_there(self, flow: Flow, back: str) -> str:
        """Where the browser goes to sign in.

        Args:
            flow: of this browser.
            back: the URL that it comes back to.

        Raises:
            Transient: the provider does not answer.
        """
        with self._client(back) as client:
            url, _ = client.create_authorization_url(
                self._described(client)["authorization_endpoint"],
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
        return str(url)

    def claims(self, flow: Flow, query: Mapping[str, str], back: str) -> dict[str, Any]:
        """What the provider says of who came back.

        Args:
            flow: that the browser kept.
            query: with which it came.
            back: the URL that it came to.

        Raises:
            Problem: it is not the same browser, or the provider or its token says no.
            Transient: the provider does not answer.
        """
        if not secrets.compare_digest(query.get("state", "").encode(), flow.state.encode()):
            raise refusal("The state is not this browser's.")
        if "code" not in query:
            raise refusal("The provider refused.")
        with self._client(back) as client:
            described = self._described(client)
            token = self._token(client, described["token_endpoint"], flow, query["code"])
            keys = _fetched(client, described["jwks_uri"])
        return self._verified(token, keys, flow)

    def _client(self, back: str) -> Any:
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
            scope=_SCOPE,
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=_TIMEOUT_S,
        )

    def _described(self, client: Any) -> dict[str, Any]:
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        described: dict[str, Any] = _fetched(client, url)
        needed = {"authorization_endpoint", "token_endpoint", "jwks_uri"}
        if described.get("issuer") != self.issuer or not needed <= described.keys():
            raise Transient("the OpenID provider describes another issuer, or itself in part")
        return described

    def _token(self, client: Any, url: str, flow: Flow, code: str) -> dict[str, Any]:
        try:
            token = client.fetch_token(url, code=code, code_verifier=flow.verifier)
        except OAuthError as error:
            raise refusal("The provider does not take the code.") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise Transient("the OpenID provider does not answer") from error
        return dict(token)

    def _verified(self, token: Mapping[str, Any], keys: Any, flow: Flow) -> dict[str, Any]:
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
        }
        told = {"nonce": flow.nonce, "client_id": self.client_id, **_access_token(token)}
        try:
            known = KeySet.import_key_set(keys)
            signed = jwt.decode(str(token.get("id_token")), known, algorithms=_ALGORITHMS)
            claims = CodeIDToken(signed.claims, signed.header, options, told)
            claims.validate(leeway=_LEEWAY_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            detail = f"The provider's ID token does not hold: {type(error).__name__}."
            raise refusal(detail) from error
        return dict(claims)


def refusal(detail: str) -> Problem:
    """A sign-in that comes to nothing."""
    return Problem("unauthenticated", detail, fix=_FIX)


def _access_token(token: Mapping[str, Any]) -> dict[str, Any]:
    return {"access_token": token["access_token"]} if "access_token" in token else {}


def _fetched(client: Any, url: str) -> Any:
    try:
        answer = client.request("GET", url, withhold_token=True)
        answer.raise_for_status()
        found = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise Transient("the OpenID provider does not answer") from error
    if not isinstance(found, dict):
        raise Transient("the OpenID provider answers something else")
    return found
