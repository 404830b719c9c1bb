"""`/v1/tokens`: who may call the API, for admins."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Engine

from store.access import api_tokens
from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.people.schemas import WantedPage
from web.api.tokens.schemas import NewToken, TokenPage, TokenShape, TokenWithSecret
from web.problems import Problem, documented

_Id = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
_Who = Annotated[Caller, Depends(caller)]
_ONE = ("unauthenticated", "forbidden", "not-found", "invalid", "unavailable")


def token_routes(engine: Engine, *, grace: timedelta) -> APIRouter:
    """The routes; a rotated token's old secret goes on for `grace`."""
    routes = APIRouter(prefix="/v1/tokens", tags=["access"])

    @routes.get(
        "",
        response_model=TokenPage,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="List tokens, oldest first",
    )
    def list_(wanted: Annotated[WantedPage, Query()]) -> TokenPage:
        """Every one that there ever was, without its secret."""
        after = 0 if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(engine, lambda c: api_tokens.tokens(c, after=after, most=wanted.limit))
        return TokenPage(
            tokens=[TokenShape.model_validate(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.post(
        "",
        status_code=201,
        response_model=TokenWithSecret,
        responses=documented("unauthenticated", "forbidden", "too-large", "invalid", "unavailable"),
        summary="Make a token",
    )
    def create(wanted: NewToken, who: _Who) -> TokenWithSecret:
        """Its secret, `token`, is shown this once."""
        made = transaction(engine, lambda c: api_tokens.create(c, wanted.wanted(), actor=who.name))
        return _shown(made)

    @routes.post(
        "/{token_id}/rotate",
        response_model=TokenWithSecret,
        responses=documented(*_ONE),
        summary="Give a token a new secret",
    )
    def rotate(token_id: _Id, who: _Who) -> TokenWithSecret:
        """The old one is good until `old_secret_until`; the one before it ends at once."""
        made = transaction(
            engine, lambda c: api_tokens.rotate(c, token_id, grace=grace, actor=who.name)
        )
        if made is None:
            raise unknown_token(token_id)
        return _shown(made)

    @routes.post(
        "/{token_id}/revoke", status_code=204, responses=documented(*_ONE), summary="Revoke a token"
    )
    def revoke(token_id: _Id, who: _Who) -> None:
        """Void at once; its name is free again."""
        if not transaction(engine, lambda c: api_tokens.revoke(c, token_id, actor=who.name)):
            raise unknown_token(token_id)

    return routes


def unknown_token(id_: int) -> Problem:
    """The problem of a token that does not live."""
    return Problem("not-found", f"No token {id_} lives.")


def _shown(made: api_tokens.NewToken) -> TokenWithSecret:
    shape = TokenShape.model_validate(made.token)
    return TokenWithSecret(**shape.model_dump(), token=made.secret)
