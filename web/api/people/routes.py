"""`/v1/people`: who may sign in, for admins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from core.passwords import generated, hash_password
from store import people
from store.api_tokens import Caller
from store.engine import transaction
from store.people import Person
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.people.schemas import (
    NewPerson,
    PersonChange,
    PersonPage,
    PersonShape,
    PersonWithPassword,
    WantedPage,
)
from web.etags import IfMatch, etag_of, must_match
from web.problems import Problem, documented

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
        password, hashed = _new_password()
        made = transaction(
            engine,
            lambda c: people.add(
                c, name=wanted.name, role=wanted.role, password_hash=hashed, actor=who.name
            ),
        )
        return _with_password(made, password)

    @routes.get(
        "/{person_id}",
        response_model=PersonShape,
        responses=documented(*_ONE),
        summary="One person",
    )
    def show(person_id: _Id, answer: Response) -> PersonShape:
        """Without the password, which nobody knows."""
        found = transaction(engine, lambda c: _found(c, person_id))
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
        changed = transaction(engine, lambda c: _change(c, person_id, wanted, if_match, who.name))
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
        password, hashed = _new_password()

        def work(connection: Connection) -> Person:
            people.set_password(connection, _found(connection, person_id), hashed, actor=who.name)
            return _found(connection, person_id)

        return _with_password(transaction(engine, work), password)

    return routes


def _found(connection: Connection, id_: int) -> Person:
    found = people.person(connection, id_)
    if found is None:
        raise Problem("not-found", f"There is no person {id_}.")
    return found


def _change(
    connection: Connection, id_: int, wanted: PersonChange, if_match: str | None, by: str
) -> Person:
    found = _found(connection, id_)
    must_match(
        if_match,
        found.version,
        current=PersonShape.model_validate(found).model_dump(mode="json"),
        yours=wanted.model_dump(mode="json", exclude_none=True),
    )
    disabled = found.disabled_at is not None if wanted.disabled is None else wanted.disabled
    return people.change(
        connection, found, actor=by, role=wanted.role or found.role, disabled=disabled
    )


def _new_password() -> tuple[str, str]:
    password = generated()
    return password, hash_password(password, min_chars=1)


def _with_password(one: Person, password: str) -> PersonWithPassword:
    shape = PersonShape.model_validate(one)
    return PersonWithPassword(**shape.model_dump(), password=password)
