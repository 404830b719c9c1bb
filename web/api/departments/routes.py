"""`/v1/departments`: who takes tickets."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Engine
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.engine import transaction
from store.rules import taxonomy
from web.access import caller
from web.api.departments.changes import (
    add_department,
    change_department,
    found,
    rename_department,
    retire_department,
    version_of,
)
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
from web.etags import IfMatch, etag_of
from web.problems import documented

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
        stored = transaction(engine, taxonomy.departments)
        return Departments(departments=[Department.model_validate(each) for each in stored])

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
        added = transaction(engine, lambda c: add_department(c, body, by.name))
        return _tagged(added, response)

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
        return _tagged(transaction(engine, lambda c: found(c, name)), response)

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
        changed = transaction(
            engine, lambda c: change_department(c, name, body, if_match=if_match, by=by.name)
        )
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
        version, renamed = transaction(
            engine, lambda c: rename_department(c, name, body, if_match=if_match, by=by.name)
        )
        return Renamed(department=_tagged(renamed, response), ruleset_version=version)

    @routes.post(
        "/{name}/retire",
        response_model=Retired,
        responses=_OF_CHANGE,
        summary="Take a department out of use",
    )
    def retire(name: _Name, by: _By, if_match: IfMatch = None) -> Retired:
        """Refused while rules name it, with their ids."""
        transaction(engine, lambda c: retire_department(c, name, if_match=if_match, by=by.name))
        return Retired(retired=name)

    return routes


def _tagged(stored: taxonomy.Department, response: Response) -> Department:
    response.headers["etag"] = etag_of(version_of(stored))
    return Department.model_validate(stored)
