"""Who may do what: one table for every route, asked for each request.

A route without an entry keeps the process from starting, so that nothing is open by omission.
An entry is one line, `("GET", "/v1/things"): door(_READS, "things:read")`: the roles that may, and
the scope that a narrowed token needs. A scope is `noun:read` for what changes nothing and
`noun:write` for the rest; that it stands here is all that makes it one. Whoever adds a door adds it
to the table of `tests/integration/web/test_matrix.py` too.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from core.errors import Permanent
from core.text import clean_text
from core.types import Role
from store.access.api_tokens import Caller
from store.engine import transaction
from store.queue.tickets import source_of
from web.callers import Doorman
from web.problems import Problem, documented


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A closed door.

    Attributes:
        roles: that may come in.
        scope: what a token that is narrowed to some scopes needs; None where any will do.
        is_counted: whether a request counts as one; otherwise its handler counts what is in it.
        is_kept_apart: whether what is behind it is of the ticket in its path, or its handler
            keeps to `Caller.sources`, or it tells of no ticket; others are closed to bound tokens.
    """

    roles: frozenset[Role]
    scope: str | None
    is_counted: bool = True
    is_kept_apart: bool = False


def door(roles: frozenset[Role], scope: str | None, *, is_counted: bool = True) -> Door:
    """An entry of the table."""
    return Door(roles=roles, scope=scope, is_counted=is_counted)


def apart(roles: frozenset[Role], scope: str | None, *, is_counted: bool = True) -> Door:
    """The same, open to tokens that are bound to sources."""
    return Door(roles=roles, scope=scope, is_counted=is_counted, is_kept_apart=True)


_READS = frozenset(Role)
_SENDS = frozenset({Role.HELPDESK, Role.OPS, Role.ADMIN})
_JUDGES = frozenset({Role.AGENT, Role.OPS, Role.APPROVER, Role.ADMIN})
_EDITS = frozenset({Role.OPS, Role.ADMIN})
_CONTROLS = frozenset({Role.OPS, Role.APPROVER, Role.ADMIN})
_APPROVES = frozenset({Role.APPROVER, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})

OPEN = None
"""Anybody; no token is looked at."""
ACCESS: Mapping[tuple[str, str], Door | None] = {
    ("GET", "/"): door(_READS, "tickets:read"),
    ("GET", "/board"): door(_READS, "tickets:read"),
    ("GET", "/review"): door(_JUDGES, "review:read"),
    ("GET", "/review/bulk"): door(_JUDGES, "review:read"),
    ("POST", "/review/bulk"): door(_JUDGES, "review:write"),
    ("POST", "/review/bulk/next"): door(_JUDGES, "review:write"),
    ("POST", "/review/bulk/release"): door(_JUDGES, "review:write"),
    ("POST", "/review/bulk/renew"): door(_JUDGES, "review:write"),
    ("POST", "/review/bulk/undo"): door(_JUDGES, "feedback:write"),
    ("POST", "/review/bulk/again"): door(_JUDGES, "feedback:write"),
    ("POST", "/review/next"): door(_JUDGES, "review:write"),
    ("POST", "/review/ahead"): door(_JUDGES, "review:write"),
    ("POST", "/review/undo/{ticket_id}"): door(_JUDGES, "feedback:write"),
    ("POST", "/review/again/{ticket_id}"): door(_JUDGES, "feedback:write"),
    ("POST", "/review/{item}"): door(_JUDGES, "review:write"),
    ("POST", "/review/{item}/renew"): door(_JUDGES, "review:write"),
    ("GET", "/labels"): door(_READS, "labels:read"),
    ("GET", "/labels/table"): door(_READS, "labels:read"),
    ("GET", "/labels/new"): door(_EDITS, "labels:write"),
    ("POST", "/labels/new"): door(_EDITS, "labels:write"),
    ("GET", "/labels/goal"): door(_CONTROLS, "labels:read"),
    ("POST", "/labels/goal"): door(_CONTROLS, "labels:read"),
    ("POST", "/labels/goal/save"): door(_EDITS, "labels:write"),
    ("GET", "/labels/changes/{number}"): door(_READS, "labels:read"),
    ("GET", "/labels/care"): door(_JUDGES, "labels:read"),
    ("POST", "/labels/care"): door(_EDITS, "labels:write"),
    ("POST", "/labels/care/{key}/accept"): door(_EDITS, "labels:write"),
    ("POST", "/labels/care/{key}/dismiss"): door(_EDITS, "labels:write"),
    ("GET", "/labels/{key}"): door(_READS, "labels:read"),
    ("GET", "/labels/{key}/examples"): door(_READS, "tickets:read"),
    ("POST", "/labels/{key}/words"): door(_EDITS, "labels:write"),
    ("POST", "/labels/{key}/level"): door(_EDITS, "labels:write"),
    ("POST", "/labels/{key}/goal"): door(_CONTROLS, "labels:read"),
    ("POST", "/labels/{key}/move"): door(_EDITS, "labels:write"),
    ("GET", "/rules"): door(_JUDGES, "rules:read"),
    ("GET", "/rules/desk"): door(_JUDGES, "rules:read"),
    ("POST", "/rules/draft"): door(_EDITS, "rules:write"),
    ("POST", "/rules/save"): door(_EDITS, "rules:write"),
    ("GET", "/rules/history"): door(_JUDGES, "rules:read"),
    ("POST", "/rules/history/{version}/restore"): door(_EDITS, "rules:write"),
    ("GET", "/rules/try"): door(_CONTROLS, "rules:read"),
    ("POST", "/rules/try"): door(_CONTROLS, "rules:read"),
    ("POST", "/rules/try/outcome"): door(_CONTROLS, "rules:read"),
    ("GET", "/rules/backtest"): door(_CONTROLS, "rules:read"),
    ("POST", "/rules/backtest"): door(_CONTROLS, "rules:read"),
    ("POST", "/rules/backtest/outcome"): door(_CONTROLS, "rules:read"),
    ("GET", "/rules/suggestions"): door(_CONTROLS, "rules:read"),
    ("GET", "/rules/suggestions/found"): door(_CONTROLS, "rules:read"),
    ("POST", "/rules/suggestions/draft"): door(_CONTROLS, "rules:read"),
    ("POST", "/rules/suggestions/{key}/decline"): door(_EDITS, "rules:write"),
    ("POST", "/rules/suggestions/{key}/bring-back"): door(_EDITS, "rules:write"),
    ("GET", "/departments"): door(_READS, "departments:read"),
    ("GET", "/departments/table"): door(_JUDGES, "stats:read"),
    ("GET", "/departments/{key}"): door(_READS, "departments:read"),
    ("POST", "/departments"): door(_EDITS, "departments:write"),
    ("POST", "/departments/{key}/words"): door(_EDITS, "departments:write"),
    ("POST", "/departments/{key}/default"): door(_EDITS, "departments:write"),
    ("POST", "/departments/{key}/rename"): door(_EDITS, "departments:write"),
    ("POST", "/departments/{key}/hand-over"): door(_EDITS, "rules:write"),
    ("POST", "/departments/{key}/retire"): door(_EDITS, "departments:write"),
    ("GET", "/models"): door(_JUDGES, "models:read"),
    ("GET", "/models/compare"): door(_JUDGES, "models:read"),
    ("GET", "/models/{version}"): door(_JUDGES, "models:read"),
    ("POST", "/models/trial/end"): door(_EDITS, "models:write"),
    ("POST", "/models/rollback"): door(_EDITS, "models:write"),
    ("POST", "/models/{version}/activate"): door(_EDITS, "models:write"),
    ("POST", "/models/{version}/try"): door(_EDITS, "models:write"),
    ("GET", "/training"): door(_JUDGES, "models:read"),
    ("POST", "/training"): door(_EDITS, "models:write"),
    ("GET", "/training/progress"): door(_JUDGES, "models:read"),
    ("GET", "/training/{run}"): door(_JUDGES, "models:read"),
    ("GET", "/live/day"): door(_JUDGES, "stats:read"),
    ("GET", "/live/incidents"): door(_JUDGES, "incidents:read"),
    ("POST", "/live/incidents/{incident}/close"): door(_EDITS, "incidents:write"),
    ("GET", "/health"): door(_JUDGES, "stats:read"),
    ("GET", "/health/now"): door(_JUDGES, "stats:read"),
    ("GET", "/health/figures"): door(_JUDGES, "stats:read"),
    ("GET", "/health/drift"): door(_JUDGES, "models:read"),
    ("POST", "/health/drift"): door(_EDITS, "models:write"),
    ("GET", "/health/quarantined"): door(_JUDGES, "tickets:read"),
    ("POST", "/health/quarantined"): door(_EDITS, "tickets:write"),
    ("GET", "/tickets/{ticket_id}"): door(_READS, "tickets:read"),
    ("GET", "/tickets/{ticket_id}/why"): door(_READS, "tickets:read"),
    ("POST", "/tickets/{ticket_id}/replay"): door(_READS, "tickets:read"),
    ("POST", "/tickets/{ticket_id}/try-again"): door(_EDITS, "tickets:write"),
    ("POST", "/tickets/{ticket_id}/feedback"): door(_SENDS | _JUDGES, "feedback:write"),
    ("POST", "/tickets/{ticket_id}/feedback/{feedback_id}/take-back"): door(
        _SENDS | _JUDGES, "feedback:write"
    ),
    ("GET", "/sign-in"): OPEN,
    ("POST", "/sign-in"): OPEN,
    ("GET", "/account"): door(_READS, None),
    ("POST", "/account/language"): door(_READS, None),
    ("POST", "/account/password"): door(_READS, None),
    ("POST", "/account/sessions/end"): door(_READS, None),
    ("GET", "/admin"): door(_CONTROLS, None),
    ("GET", "/admin/people"): door(_ADMINS, "people:read"),
    ("POST", "/admin/people"): door(_ADMINS, "people:write"),
    ("POST", "/admin/people/{person_id}"): door(_ADMINS, "people:write"),
    ("POST", "/admin/people/{person_id}/password"): door(_ADMINS, "people:write"),
    ("GET", "/admin/tokens"): door(_ADMINS, "tokens:read"),
    ("POST", "/admin/tokens"): door(_ADMINS, "tokens:write"),
    ("POST", "/admin/tokens/{token_id}/rotate"): door(_ADMINS, "tokens:write"),
    ("POST", "/admin/tokens/{token_id}/revoke"): door(_ADMINS, "tokens:write"),
    ("GET", "/admin/connections"): door(_EDITS, "connections:read"),
    ("GET", "/admin/connections/{name}"): door(_EDITS, "connections:read"),
    ("POST", "/admin/connections/{name}/preview"): door(_EDITS, "connections:read"),
    ("POST", "/admin/connections/{name}/mapping"): door(_EDITS, "connections:write"),
    ("GET", "/admin/webhooks"): door(_EDITS, "webhooks:read"),
    ("POST", "/admin/webhooks"): door(_EDITS, "webhooks:write"),
    ("GET", "/admin/webhooks/{webhook_id}"): door(_EDITS, "webhooks:read"),
    ("POST", "/admin/webhooks/{webhook_id}/pause"): door(_EDITS, "webhooks:write"),
    ("POST", "/admin/webhooks/{webhook_id}/resume"): door(_EDITS, "webhooks:write"),
    ("POST", "/admin/webhooks/{webhook_id}/test"): door(_EDITS, "webhooks:write"),
    ("POST", "/admin/webhooks/{webhook_id}/delete"): door(_EDITS, "webhooks:write"),
    ("POST", "/admin/webhooks/{webhook_id}/replay"): door(_EDITS, "webhooks:write"),
    ("POST", "/admin/webhooks/{webhook_id}/rotate"): door(_EDITS, "webhooks:write"),
    ("POST", "/admin/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"): door(
        _EDITS, "webhooks:write"
    ),
    ("GET", "/admin/audit"): door(_CONTROLS, "audit:read"),
    ("GET", "/admin/audit/check"): door(_CONTROLS, "audit:read"),
    ("GET", "/admin/proposals"): door(_CONTROLS, "proposals:read"),
    ("GET", "/admin/proposals/{proposal_id}"): door(_CONTROLS, "proposals:read"),
    ("POST", "/admin/proposals/{proposal_id}/approve"): door(_APPROVES, "proposals:write"),
    ("POST", "/admin/proposals/{proposal_id}/reject"): door(_APPROVES, "proposals:write"),
    ("POST", "/admin/proposals/{proposal_id}/withdraw"): door(_EDITS, "proposals:write"),
    ("GET", "/admin/settings"): door(_EDITS, "settings:read"),
    ("GET", "/admin/erasures"): door(_CONTROLS, "erasures:read"),
    ("POST", "/admin/erasures"): door(_EDITS, "erasures:write"),
    ("POST", "/admin/erasures/look"): door(_EDITS, "erasures:read"),
    ("GET", "/admin/erasures/{erasure_id}"): door(_CONTROLS, "erasures:read"),
    ("GET", "/health/live"): OPEN,
    ("GET", "/health/ready"): OPEN,
    ("GET", "/metrics"): OPEN,
    ("GET", "/sign-in/oidc"): OPEN,
    ("GET", "/sign-in/oidc/callback"): OPEN,
    ("POST", "/v1/sign-in"): OPEN,
    ("POST", "/v1/sign-out"): apart(_READS, None),
    ("GET", "/v1/me"): apart(_READS, None),
    ("POST", "/v1/me/password"): door(_READS, None),
    ("GET", "/v1/people"): door(_ADMINS, "people:read"),
    ("POST", "/v1/people"): door(_ADMINS, "people:write"),
    ("GET", "/v1/people/{person_id}"): door(_ADMINS, "people:read"),
    ("PATCH", "/v1/people/{person_id}"): door(_ADMINS, "people:write"),
    ("POST", "/v1/people/{person_id}/password"): door(_ADMINS, "people:write"),
    ("GET", "/v1/tokens"): door(_ADMINS, "tokens:read"),
    ("POST", "/v1/tokens"): door(_ADMINS, "tokens:write"),
    ("POST", "/v1/tokens/{token_id}/rotate"): door(_ADMINS, "tokens:write"),
    ("POST", "/v1/tokens/{token_id}/revoke"): door(_ADMINS, "tokens:write"),
    ("POST", "/v1/tickets"): apart(_SENDS, "tickets:write", is_counted=False),
    ("GET", "/v1/tickets"): apart(_READS, "tickets:read"),
    ("GET", "/v1/tickets/{ticket_id}"): apart(_READS, "tickets:read"),
    ("GET", "/v1/tickets/{ticket_id}/why"): door(_READS, "tickets:read"),
    ("POST", "/v1/tickets/{ticket_id}/replay"): apart(_READS, "tickets:read"),
    ("POST", "/v1/tickets/{ticket_id}/feedback"): apart(_SENDS | _JUDGES, "feedback:write"),
    ("GET", "/v1/tickets/{ticket_id}/feedback"): apart(_READS, "feedback:read"),
    ("DELETE", "/v1/tickets/{ticket_id}/feedback/{feedback_id}"): apart(
        _SENDS | _JUDGES, "feedback:write"
    ),
    ("GET", "/v1/review"): door(_JUDGES, "review:read"),
    ("POST", "/v1/review/claim"): door(_JUDGES, "review:write"),
    ("POST", "/v1/review/resolve"): door(_JUDGES, "review:write"),
    ("POST", "/v1/review/{item}/resolve"): door(_JUDGES, "review:write"),
    ("POST", "/v1/review/{item}/release"): door(_JUDGES, "review:write"),
    ("POST", "/v1/review/{item}/renew"): door(_JUDGES, "review:write"),
    ("GET", "/v1/suggestions"): door(_CONTROLS, "rules:read"),
    ("PUT", "/v1/suggestions/{key}/declined"): door(_EDITS, "rules:write"),
    ("DELETE", "/v1/suggestions/{key}/declined"): door(_EDITS, "rules:write"),
    ("GET", "/v1/rules"): door(_JUDGES, "rules:read"),
    ("PUT", "/v1/rules"): door(_EDITS, "rules:write"),
    ("GET", "/v1/rules.yaml"): door(_JUDGES, "rules:read"),
    ("GET", "/v1/rules/hits"): door(_JUDGES, "rules:read"),
    ("GET", "/v1/rules/revisions"): door(_JUDGES, "rules:read"),
    ("GET", "/v1/rules/revisions/{version}"): door(_JUDGES, "rules:read"),
    ("POST", "/v1/rules/revisions/{version}/restore"): door(_EDITS, "rules:write"),
    ("POST", "/v1/rules/lint"): door(_CONTROLS, "rules:read"),
    ("POST", "/v1/rules/dry-run"): door(_CONTROLS, "rules:read"),
    ("POST", "/v1/rules/backtest"): door(_CONTROLS, "rules:read"),
    ("POST", "/v1/rules/plan"): door(_CONTROLS, "rules:read"),
    ("POST", "/v1/rules/apply"): door(_EDITS, "rules:write"),
    ("POST", "/v1/rules/order"): door(_EDITS, "rules:write"),
    ("PUT", "/v1/rules/{rule_id}"): door(_EDITS, "rules:write"),
    ("DELETE", "/v1/rules/{rule_id}"): door(_EDITS, "rules:write"),
    ("POST", "/v1/intake/{helpdesk}"): OPEN,  # known by its signature
    ("POST", "/v1/intake/{helpdesk}/"): OPEN,
    ("GET", "/v1/connections"): door(_EDITS, "connections:read"),
    ("POST", "/v1/connections"): door(_EDITS, "connections:write"),
    ("GET", "/v1/connections/{name}"): door(_EDITS, "connections:read"),
    ("PATCH", "/v1/connections/{name}"): door(_EDITS, "connections:write"),
    ("DELETE", "/v1/connections/{name}"): door(_EDITS, "connections:write"),
    ("POST", "/v1/connections/{name}/preview"): door(_EDITS, "connections:read"),
    ("GET", "/v1/webhooks"): door(_EDITS, "webhooks:read"),
    ("POST", "/v1/webhooks"): door(_EDITS, "webhooks:write"),
    ("GET", "/v1/webhooks/{webhook_id}"): door(_EDITS, "webhooks:read"),
    ("PATCH", "/v1/webhooks/{webhook_id}"): door(_EDITS, "webhooks:write"),
    ("DELETE", "/v1/webhooks/{webhook_id}"): door(_EDITS, "webhooks:write"),
    ("POST", "/v1/webhooks/{webhook_id}/rotate"): door(_EDITS, "webhooks:write"),
    ("POST", "/v1/webhooks/{webhook_id}/pause"): door(_EDITS, "webhooks:write"),
    ("POST", "/v1/webhooks/{webhook_id}/resume"): door(_EDITS, "webhooks:write"),
    ("POST", "/v1/webhooks/{webhook_id}/test"): door(_EDITS, "webhooks:write"),
    ("POST", "/v1/webhooks/{webhook_id}/replay"): door(_EDITS, "webhooks:write"),
    ("GET", "/v1/webhooks/{webhook_id}/deliveries"): door(_EDITS, "webhooks:read"),
    ("GET", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}"): door(_EDITS, "webhooks:read"),
    ("POST", "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay"): door(
        _EDITS, "webhooks:write"
    ),
    ("GET", "/v1/departments"): apart(_READS, "departments:read"),
    ("POST", "/v1/departments"): door(_EDITS, "departments:write"),
    ("GET", "/v1/departments/{name}"): apart(_READS, "departments:read"),
    ("PATCH", "/v1/departments/{name}"): door(_EDITS, "departments:write"),
    ("POST", "/v1/departments/{name}/rename"): door(_EDITS, "departments:write"),
    ("POST", "/v1/departments/{name}/retire"): door(_EDITS, "departments:write"),
    ("GET", "/v1/thresholds"): door(_READS, "labels:read"),
    ("POST", "/v1/thresholds/preview"): door(_CONTROLS, "labels:read"),
    ("PUT", "/v1/thresholds"): door(_EDITS, "labels:write"),
    ("GET", "/v1/labels"): apart(_READS, "labels:read"),
    ("POST", "/v1/labels"): door(_EDITS, "labels:write"),
    ("GET", "/v1/labels/changes/{request}"): door(_READS, "labels:read"),
    ("GET", "/v1/labels/{name}"): door(_READS, "labels:read"),
    ("PATCH", "/v1/labels/{name}"): door(_EDITS, "labels:write"),
    ("POST", "/v1/labels/{name}/rename"): door(_EDITS, "labels:write"),
    ("POST", "/v1/labels/{name}/merge"): door(_EDITS, "labels:write"),
    ("POST", "/v1/labels/{name}/split"): door(_EDITS, "labels:write"),
    ("POST", "/v1/labels/{name}/retire"): door(_EDITS, "labels:write"),
    ("GET", "/v1/stream"): door(_READS, "tickets:read"),
    ("GET", "/v1/models"): door(_JUDGES, "models:read"),
    ("GET", "/v1/models/compare"): door(_JUDGES, "models:read"),
    ("GET", "/v1/models/trial"): door(_JUDGES, "models:read"),
    ("POST", "/v1/models/trial/end"): door(_EDITS, "models:write"),
    ("POST", "/v1/models/rollback"): door(_EDITS, "models:write"),
    ("GET", "/v1/models/{version}"): door(_JUDGES, "models:read"),
    ("GET", "/v1/models/{version}/report"): door(_JUDGES, "models:read"),
    ("GET", "/v1/models/{version}/card"): door(_JUDGES, "models:read"),
    ("POST", "/v1/models/{version}/activate"): door(_EDITS, "models:write"),
    ("POST", "/v1/models/{version}/try"): door(_EDITS, "models:write"),
    ("GET", "/v1/label-reports"): door(_JUDGES, "labels:read"),
    ("POST", "/v1/label-reports"): door(_EDITS, "labels:write"),
    ("POST", "/v1/label-reports/{key}/accept"): door(_EDITS, "labels:write"),
    ("POST", "/v1/label-reports/{key}/dismiss"): door(_EDITS, "labels:write"),
    ("GET", "/v1/incidents"): door(_JUDGES, "incidents:read"),
    ("GET", "/v1/incidents/{incident}"): door(_JUDGES, "incidents:read"),
    ("POST", "/v1/incidents/{incident}/close"): door(_EDITS, "incidents:write"),
    ("POST", "/v1/imports"): door(_EDITS, "imports:write"),
    ("GET", "/v1/imports"): door(_CONTROLS, "imports:read"),
    ("GET", "/v1/imports/{import_id}"): door(_CONTROLS, "imports:read"),
    ("POST", "/v1/erasures"): door(_EDITS, "erasures:write"),
    ("GET", "/v1/erasures"): door(_CONTROLS, "erasures:read"),
    ("GET", "/v1/erasures/{erasure_id}"): door(_CONTROLS, "erasures:read"),
    ("GET", "/v1/retrain"): door(_JUDGES, "models:read"),
    ("POST", "/v1/retrain"): door(_EDITS, "models:write"),
    ("GET", "/v1/retrain/{run}"): door(_JUDGES, "models:read"),
    ("GET", "/v1/stats"): door(_JUDGES, "stats:read"),
    ("GET", "/v1/drift"): door(_JUDGES, "models:read"),
    ("POST", "/v1/drift"): door(_EDITS, "models:write"),
    ("GET", "/v1/drift/{report}"): door(_JUDGES, "models:read"),
    ("GET", "/v1/drift/{report}/page"): door(_JUDGES, "models:read"),
    ("GET", "/v1/audit"): door(_CONTROLS, "audit:read"),
    ("GET", "/v1/audit/check"): door(_CONTROLS, "audit:read"),
    ("GET", "/v1/audit/export"): door(_CONTROLS, "audit:read"),
    ("GET", "/v1/proposals"): door(_CONTROLS, "proposals:read"),
    ("GET", "/v1/proposals/{proposal_id}"): door(_CONTROLS, "proposals:read"),
    ("POST", "/v1/proposals/{proposal_id}/approve"): door(_APPROVES, "proposals:write"),
    ("POST", "/v1/proposals/{proposal_id}/reject"): door(_APPROVES, "proposals:write"),
    ("POST", "/v1/proposals/{proposal_id}/withdraw"): door(_EDITS, "proposals:write"),
}
SCOPES = tuple(sorted({door.scope for door in ACCESS.values() if door and door.scope}))
"""What a token can be narrowed to."""
_BEARER = HTTPBearer(auto_error=False, description="A token of `pointsman tokens create`.")


def admit(app: FastAPI, routers: Iterable[APIRouter], doorman: Doorman) -> None:
    """Adds routers behind their entries of the table.

    Raises:
        Permanent: a route has no entry.
    """
    app.state.doorman = doorman
    for router in routers:
        doors = [door for route in router.routes for door in doors_of(route)]
        if missing := [
            f"{method} {path}" for method, path in doors if (method, path) not in ACCESS
        ]:
            raise Permanent(f"no entry in web/access.py says who may {', '.join(missing)}")
        if all(ACCESS[door] is OPEN for door in doors):
            app.include_router(router)
        else:
            told = documented("unauthenticated", "forbidden", "too-many-requests", "unavailable")
            app.include_router(router, dependencies=[Depends(_guard(doorman))], responses=told)


def doors_of(route: BaseRoute) -> list[tuple[str, str]]:
    """Method and path template of each door that a route is."""
    if not isinstance(route, Route):
        raise Permanent(f"{type(route).__name__} is no route that web/access.py can judge")
    return [(method, route.path) for method in sorted(route.methods or ())]


def caller(request: Request) -> Caller:
    """Who sent this request; for handlers of closed routes."""
    found: Caller = request.state.caller
    return found


def current_person(request: Request) -> Caller | None:
    """Who sits at the browser that asks for a page; None for a stranger."""
    doorman: Doorman = request.app.state.doorman
    return doorman.visitor(request)


def _guard(doorman: Doorman) -> Callable[..., None]:
    session = APIKeyCookie(
        name=doorman.cookie.name,
        scheme_name="Session",
        auto_error=False,
        description="Of `POST /v1/sign-in`; what changes something needs `X-CSRF-Token` too.",
    )

    def guard(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        _session: Annotated[str | None, Depends(session)],
    ) -> None:
        path = request.scope["route"].path
        door = ACCESS[request.method, path]
        if door is OPEN:
            return
        found = doorman.caller(request, credentials.credentials if credentials else None)
        _judge(found, door, f"{request.method} {path}")
        if found.sources is not None:
            _keep_apart(doorman, found, request)
        if door.is_counted:
            doorman.limits.request(found)
        request.state.caller = found

    return guard


def _judge(found: Caller, door: Door, asked: str) -> None:
    if found.role not in door.roles:
        raise Problem("forbidden", f"The role {found.role} may not {asked}.")
    if found.sources is not None and not door.is_kept_apart:
        fix = "use a token that is not bound"
        detail = f"The token is bound to its sources, and may not {asked}."
        raise Problem("forbidden", detail, fix=fix)
    if found.scopes is not None and door.scope is not None and door.scope not in found.scopes:
        detail = f"The token is narrowed, and not to {door.scope}."
        raise Problem("forbidden", detail, fix="use a token with this scope, or with all")


def _keep_apart(doorman: Doorman, found: Caller, request: Request) -> None:
    """Answers for a ticket of another source, and for what is no id, as for none."""
    asked = request.path_params.get("ticket_id")
    if asked is not None and _source_of(doorman, asked) not in (found.sources or ()):
        raise Problem("not-found", f"There is no ticket {clean_text(asked).text}.")


def _source_of(doorman: Doorman, asked: str) -> str | None:
    try:
        id_ = UUID(asked)
    except ValueError:
        return None
    return transaction(doorman.engine, lambda c: source_of(c, id_))
