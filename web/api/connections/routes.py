"""`/v1/connections`: helpdesks that send tickets and take decisions."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Engine
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.engine import transaction
from store.helpdesk import helpdesks
from store.helpdesk.helpdesks import Helpdesk
from web.access import caller
from web.api.connections.changes import (
    Terms,
    add_connection,
    change_connection,
    found,
    preview,
    remove_connection,
    shown,
)
from web.api.connections.schemas import (
    Connection,
    ConnectionChange,
    Connections,
    Name,
    NewConnection,
    Preview,
    Removed,
    Sample,
)
from web.etags import IfMatch, etag_of
from web.problems import documented

_By: TypeAlias = Annotated[Caller, Depends(caller)]
_Name: TypeAlias = Annotated[Name, Path(examples=["zammad"])]
_OF_CHANGE = documented(
    *("malformed", "unauthenticated", "forbidden", "not-found", "changed-meanwhile"),
    *("too-large", "invalid", "match-needed", "unavailable"),
)


def connection_routes(engine: Engine, terms: Terms) -> list[APIRouter]:
    """The six routes."""
    return [_listing_routes(engine, terms), _changing_routes(engine, terms)]


def _listing_routes(engine: Engine, terms: Terms) -> APIRouter:
    routes = APIRouter(prefix="/v1/connections", tags=["helpdesks"])

    @routes.get(
        "",
        response_model=Connections,
        responses=documented("unauthenticated", "forbidden", "unavailable"),
        summary="Every connection to a helpdesk",
    )
    def list_() -> Connections:
        """By name, without secrets."""
        stored = transaction(engine, helpdesks.connections)
        return Connections(connections=[shown(each) for each in stored])

    @routes.post(
        "",
        status_code=201,
        response_model=Connection,
        responses=documented(
            *("malformed", "unauthenticated", "forbidden", "conflict", "too-large", "invalid"),
            "unavailable",
        ),
        summary="Connect a helpdesk",
    )
    def add(body: NewConnection, by: _By, response: Response) -> Connection:
        """It can send to `intake` at once; docs/helpdesks tells how to set it up there."""
        added = transaction(engine, lambda c: add_connection(c, body, by.name, terms))
        return _tagged(added, response)

    return routes


def _changing_routes(engine: Engine, terms: Terms) -> APIRouter:
    routes = APIRouter(prefix="/v1/connections/{name}", tags=["helpdesks"])

    @routes.get(
        "",
        response_model=Connection,
        responses=documented("unauthenticated", "forbidden", "not-found", "invalid", "unavailable"),
        summary="One connection",
    )
    def show(name: _Name, response: Response) -> Connection:
        """Its `ETag` is what a change of it needs."""
        return _tagged(transaction(engine, lambda c: found(c, name)), response)

    @routes.patch(
        "", response_model=Connection, responses=_OF_CHANGE, summary="Change a connection"
    )
    def change(
        name: _Name, body: ConnectionChange, by: _By, response: Response, if_match: IfMatch = None
    ) -> Connection:
        """`mapping`, `teams`, `writes` and `secrets` are replaced as a whole."""
        changed = transaction(
            engine,
            lambda c: change_connection(c, name, body, by.name, terms, if_match=if_match),
        )
        return _tagged(changed, response)

    @routes.delete("", response_model=Removed, responses=_OF_CHANGE, summary="Remove a connection")
    def remove(name: _Name, by: _By, if_match: IfMatch = None) -> Removed:
        """Its tickets stay; one of the same name goes on with them."""
        transaction(engine, lambda c: remove_connection(c, name, by.name, if_match=if_match))
        return Removed(removed=name)

    @routes.post(
        "/preview",
        response_model=Preview,
        responses=documented(
            *("malformed", "unauthenticated", "forbidden", "not-found", "too-large", "invalid"),
            "unavailable",
        ),
        summary="Try a mapping on a sample",
    )
    def try_(name: _Name, body: Sample) -> Preview:
        """What the helpdesk's delivery would become; nothing of it is kept."""
        desk = transaction(engine, lambda c: found(c, name))
        return preview(
            desk.kind, desk.mapping if body.mapping is None else body.mapping, body.sample
        )

    return routes


def _tagged(stored: Helpdesk, response: Response) -> Connection:
    response.headers["etag"] = etag_of(stored.version)
    return shown(stored)
