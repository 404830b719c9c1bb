"""`/v1/departments`: who takes tickets."""

from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from classifier.content_id import object_id
from core.errors import Invalid
from core.text import clean_text
from router import department_changes
from store import departments, taxonomy
from store.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.departments.schemas import (
    Department,
    DepartmentChange,
    Departments,
    Name,
    NewDepartment,
    NewName,
    Renamed,
    Retired,
)
from web.etags import IfMatch, etag_of, must_match
from web.problems import Problem, documented

T = TypeVar("T")
_By: TypeAlias = Annotated[Caller, Depends(caller)]
_Name: TypeAlias = Annotated[Name, Path(examples=["billing"])]
_OF_CHANGE = documented(
    *("malformed", "unauthenticated", "forbidden", "not-found", "conflict", "changed-meanwhile"),
    *("too-large", "invalid", "match-needed", "unavailable"),
)


def department_routes(engine: Engine) -> list[APIRouter]:
    """The six routes."""
    return [_listing_routes(engine), _describing_routes(engine), _moving_routes(engine)]


def _listing_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/v1/departments", tags=["departments"])

    @routes.get(
        "",
        response_model=Departments,
        responses=documented("unauthenticated", "forbidden", "unavailable"),
        summary="Every department in use",
    )
    def list_() -> Departments:
        """By name."""
        found = transaction(engine, taxonomy.departments)
        return Departments(departments=[Department.model_validate(each) for each in found])

    @routes.post(
        "",
        status_code=201,
        response_model=Department,
        responses=documented(
            *("malformed", "unauthenticated", "forbidden", "conflict", "too-large", "invalid"),
            "unavailable",
        ),
        summary="Add a department",
    )
    def add(body: NewDepartment, by: _By, response: Response) -> Department:
        """One that was retired comes back."""

        def work(connection: Connection) -> taxonomy.Department:
            if not departments.add(connection, body.name, body.description, by=by.name):
                raise Problem("conflict", f"There is a department {body.name}.")
            return _found(connection, body.name)

        return _tagged(transaction(engine, work), response)

    return routes


def _describing_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/v1/departments", tags=["departments"])

    @routes.get(
        "/{name}",
        response_model=Department,
        responses=documented("unauthenticated", "forbidden", "not-found", "invalid", "unavailable"),
        summary="One department",
    )
    def show(name: _Name, response: Response) -> Department:
        """Its `ETag` is what a change of it needs."""
        return _tagged(transaction(engine, lambda c: _found(c, name)), response)

    @routes.patch(
        "/{name}",
        response_model=Department,
        responses=_OF_CHANGE,
        summary="Describe a department, or make it the default",
    )
    def change(
        name: _Name, body: DepartmentChange, by: _By, response: Response, if_match: IfMatch = None
    ) -> Department:
        """The default of the rules is `default_department` of `/v1/rules`."""
        if body.is_default is False:
            raise Invalid("is_default", "cannot be taken away", "make another one the default")

        def work(connection: Connection) -> taxonomy.Department:
            if body.description is not None:
                departments.describe(connection, name, body.description, by=by.name)
            if body.is_default:
                departments.make_default(connection, name, by=by.name)
            return _found(connection, name)

        changed = _changed(engine, name, if_match, work)
        return _tagged(changed, response)

    return routes


def _moving_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/v1/departments", tags=["departments"])

    @routes.post(
        "/{name}/rename",
        response_model=Renamed,
        responses=_OF_CHANGE,
        summary="Rename a department",
    )
    def rename(
        name: _Name, body: NewName, by: _By, response: Response, if_match: IfMatch = None
    ) -> Renamed:
        """Rules follow, as a revision of their own; decisions that were made keep the old name."""

        def work(connection: Connection) -> tuple[int | None, taxonomy.Department]:
            version = department_changes.rename(connection, name, body.name, by=by.name)
            return version, _found(connection, body.name)

        version, found = _changed(engine, name, if_match, work)
        return Renamed(department=_tagged(found, response), ruleset_version=version)

    @routes.post(
        "/{name}/retire",
        response_model=Retired,
        responses=_OF_CHANGE,
        summary="Take a department out of use",
    )
    def retire(name: _Name, by: _By, if_match: IfMatch = None) -> Retired:
        """Refused while rules name it, with their ids."""
        _changed(engine, name, if_match, lambda c: department_changes.retire(c, name, by=by.name))
        return Retired(retired=name)

    return routes


def _changed(engine: Engine, name: str, if_match: str | None, work: Callable[[Connection], T]) -> T:
    """What the change gives, if it was made on what stands and nothing needs it otherwise."""

    def checked(connection: Connection) -> T:
        current = _found(connection, name)
        told = Department.model_validate(current).model_dump()
        must_match(if_match, _version(current), current=told)
        return work(connection)

    try:
        return transaction(engine, checked)
    except department_changes.InUse as error:
        detail = f"Department {name}: {error.field} {error.problem}."
        raise Problem("conflict", detail, fix=error.fix) from error


def _found(connection: Connection, name: str) -> taxonomy.Department:
    found = departments.find(connection, clean_text(name).text)
    if found is None:
        raise Problem("not-found", f"There is no department {name}.")
    return found


def _tagged(found: taxonomy.Department, response: Response) -> Department:
    response.headers["etag"] = etag_of(_version(found))
    return Department.model_validate(found)


def _version(found: taxonomy.Department) -> str:
    return object_id(
        {"name": found.name, "description": found.description, "is_default": found.is_default}
    )
