"""`/v1/incidents`: storms of tickets that say nearly the same, each flagged once."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection, Engine

from store.access.api_tokens import Caller
from store.decided import incidents
from store.decided.incidents import Incident
from store.engine import transaction
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.incidents.schemas import IncidentList, IncidentRecord, IncidentShape, WantedIncidents
from web.problems import Problem, documented

_REFUSED = ("unauthenticated", "forbidden", "invalid", "unavailable")
_TICKETS_SHOWN = 1_000
_Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


def incident_routes(engine: Engine) -> APIRouter:
    """The three doors."""
    routes = APIRouter(prefix="/v1/incidents", tags=["incidents"])

    @routes.get(
        "", response_model=IncidentList, responses=documented(*_REFUSED), summary="List incidents"
    )
    def list_(wanted: Annotated[WantedIncidents, Query()]) -> IncidentList:
        """Newest first; those that are open unless asked otherwise."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)
        is_open = {"open": True, "closed": False}.get(wanted.state)
        found = transaction(
            engine,
            lambda c: incidents.page(c, is_open=is_open, before=before, most=wanted.limit),
        )
        return IncidentList(
            incidents=[IncidentShape.model_validate(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.get(
        "/{incident}",
        response_model=IncidentRecord,
        responses=documented(*_REFUSED, "not-found"),
        summary="One incident and its tickets",
    )
    def show(incident: _Id) -> IncidentRecord:
        """Its tickets are stored and decided like all others; their records say which they are."""
        return transaction(engine, lambda c: _record(c, known(c, incident)))

    @routes.post(
        "/{incident}/close",
        response_model=IncidentRecord,
        responses=documented(*_REFUSED, "not-found"),
        summary="End an incident",
    )
    def close(incident: _Id, by: Annotated[Caller, Depends(caller)]) -> IncidentRecord:
        """Tickets like its own go their own ways again; closing it again changes nothing."""

        def work(connection: Connection) -> IncidentRecord:
            known(connection, incident)
            incidents.close(connection, incident, actor=by.name)
            return _record(connection, known(connection, incident))

        return transaction(engine, work)

    return routes


def known(connection: Connection, id_: int) -> Incident:
    """An incident by its id.

    Raises:
        Problem: there is none.
    """
    found = incidents.find(connection, id_)
    if found is None:
        raise Problem("not-found", f"There is no incident {id_}.")
    return found


def _record(connection: Connection, found: Incident) -> IncidentRecord:
    tickets = incidents.tickets_of(connection, found.id, most=_TICKETS_SHOWN)
    shape = IncidentShape.model_validate(found)
    return IncidentRecord(**shape.model_dump(), ticket_ids=list(tickets))
