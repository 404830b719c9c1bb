"""Who may do what: one table for every route, asked for each request.

A route without an entry keeps the process from starting, so that nothing is open by omission.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from core.errors import Permanent
from core.types import Role
from store.api_tokens import Caller, caller_of
from store.engine import transaction
from web.problems import Problem

_SENDS = frozenset({Role.HELPDESK, Role.OPS, Role.ADMIN})
_READS = frozenset(Role)

OPEN = None
"""Anybody; no token is looked at."""

ACCESS: Mapping[tuple[str, str], frozenset[Role] | None] = {
    ("GET", "/"): OPEN,
    ("GET", "/board"): OPEN,
    ("GET", "/health/live"): OPEN,
    ("GET", "/health/ready"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("POST", "/v1/tickets"): _SENDS,
    ("GET", "/v1/tickets"): _READS,
    ("GET", "/v1/tickets/{ticket_id}"): _READS,
    ("GET", "/v1/stream"): _READS,
}
_UNKNOWN = "The token is unknown, revoked or over."
_BEARER = HTTPBearer(auto_error=False, description="A token of `pointsman tokens create`.")


def admit(app: FastAPI, routers: Iterable[APIRouter], engine: Engine) -> None:
    """Adds routers behind their entries of the table.

    Raises:
        Permanent: a route has no entry.
    """
    for router in routers:
        doors = [door for route in router.routes for door in doors_of(route)]
        if missing := [
            f"{method} {path}" for method, path in doors if (method, path) not in ACCESS
        ]:
            raise Permanent(f"no entry in web/access.py says who may {', '.join(missing)}")
        closed = any(ACCESS[door] is not OPEN for door in doors)
        app.include_router(router, dependencies=[Depends(_guard(engine))] if closed else None)


def doors_of(route: BaseRoute) -> list[tuple[str, str]]:
    """Method and path template of each door that a route is."""
    if not isinstance(route, Route):
        raise Permanent(f"{type(route).__name__} is no route that web/access.py can judge")
    return [(method, route.path) for method in sorted(route.methods or ())]


def caller(request: Request) -> Caller:
    """Who sent this request; for handlers of closed routes."""
    found: Caller = request.state.caller
    return found


def _guard(engine: Engine) -> Callable[..., None]:
    def guard(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> None:
        path = request.scope["route"].path
        allowed = ACCESS[request.method, path]
        if allowed is OPEN:
            return
        found = _caller(engine, credentials)
        if found.role not in allowed:
            raise Problem("forbidden", f"The role {found.role} may not {request.method} {path}.")
        request.state.caller = found

    return guard


def _caller(engine: Engine, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    challenge = {"www-authenticate": "Bearer"}
    if credentials is None:
        raise Problem("unauthenticated", "The request carries no token.", headers=challenge)
    secret = credentials.credentials
    found = transaction(engine, lambda c: caller_of(c, secret))
    if found is None:
        raise Problem("unauthenticated", _UNKNOWN, headers=challenge)
    return found
