"""`/v1/people`: who may sign in, for admins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Engine
from starlette.responses import Response

from store.access import people
from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.people.changes import (
    add_person,
    change_person,
    known_person,
    with_new_password,
)
from web.api.people.schemas import (
    NewPerson,
    PersonChange,
    PersonPage,
    PersonShape,
    PersonWithPassword,
    WantedPage,
)
from web.etags import IfMatch, etag_of
from web.problems import documented

_Id = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
_Who = Annotated[Caller, Depends(caller)]
_ONE = ("unauthenticated", "forbidden", "not-found", "invalid", "unavailable")


def people_routes(engine: Engine) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/people", tags=["access"])

    @routes.get(
        "",
        response_model=PersonPage,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="List people, the longest known first",
    )
    def list_(wanted: Annotated[WantedPage, Query()]) -> PersonPage:
        """Disabled ones too."""
        after = 0 if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(engine, lambda c: people.people(c, after=after, most=wanted.limit))
        return PersonPage(
            people=[PersonShape.model_validate(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.post(
        "",
        status_code=201,
        response_model=PersonWithPassword,
        responses=documented("unauthenticated", "forbidden", "too-large", "invalid", "unavailable"),
        summary="Let somebody in",
    )
    def add(wanted: NewPerson, who: _Who) -> PersonWithPassword:
        """With a password that is made here and shown this once."""
        return add_person(engine, wanted, by=who.name)

    @routes.get(
        "/{person_id}",
        response_model=PersonShape,
        responses=documented(*_ONE),
        summary="One person",
    )
    def show(person_id: _Id, answer: Response) -> PersonShape:
        """Without the password, which nobody knows."""
        found = transaction(engine, lambda c: known_person(c, person_id))
        answer.headers["etag"] = etag_of(found.version)
        return PersonShape.model_validate(found)

    @routes.patch(
        "/{person_id}",
        response_model=PersonShape,
        responses=documented(*_ONE, "changed-meanwhile", "too-large", "match-needed"),
        summary="Change a role, or lock somebody out",
    )
    def edit(
        person_id: _Id, wanted: PersonChange, who: _Who, answer: Response, if_match: IfMatch = None
    ) -> PersonShape:
        """It counts from the person's next request on."""
        changed = transaction(
            engine, lambda c: change_person(c, person_id, wanted, if_match, who.name)
        )
        answer.headers["etag"] = etag_of(changed.version)
        return PersonShape.model_validate(changed)

    @routes.post(
        "/{person_id}/password",
        response_model=PersonWithPassword,
        responses=documented(*_ONE),
        summary="Give somebody a new password",
    )
    def give_password(person_id: _Id, who: _Who) -> PersonWithPassword:
        """Made here and shown this once; their sessions end, and a lock is lifted."""
        return with_new_password(engine, person_id, by=who.name)

    return routes
