"""Departments as people change them over HTTP and in the console: refused where both must agree.

Each function takes an open transaction, in which nobody else changes the department, and who asks.
"""

from typing import Any

from sqlalchemy import Connection

from classifier.content_id import object_id
from core.errors import Invalid
from core.text import clean_text
from router import department_changes
from store.rules import departments
from store.rules.taxonomy import Department as Stored
from web.api.departments.schemas import Department, DepartmentChange, NewDepartment, NewName
from web.etags import must_match
from web.problems import Problem


def add_department(connection: Connection, body: NewDepartment, by: str) -> Stored:
    """Adds one, or takes one back into use.

    Raises:
        Problem: there is one of that name.
    """
    if not departments.add(connection, body.name, body.description, by=by):
        raise Problem("conflict", f"There is a department {body.name}.")
    return found(connection, body.name)


def change_department(
    connection: Connection, name: str, body: DepartmentChange, *, if_match: str | None, by: str
) -> Stored:
    """Describes one, or makes it the default.

    Raises:
        Problem: there is none, or the change was not made on what stands.
        Invalid: `is_default` is to be taken away.
    """
    if body.is_default is False:
        raise Invalid("is_default", "cannot be taken away", "make another one the default")
    _must_stand(connection, name, if_match, yours=body.model_dump(exclude_none=True))
    if body.description is not None:
        departments.describe(connection, name, body.description, by=by)
    if body.is_default:
        departments.make_default(connection, name, by=by)
    return found(connection, name)


def rename_department(
    connection: Connection, name: str, body: NewName, *, if_match: str | None, by: str
) -> tuple[int | None, Stored]:
    """Renames one; the revision of the rules that follows it, if they name it.

    Raises:
        Problem: there is none, the name is taken, or the change was not made on what stands.
    """
    _must_stand(connection, name, if_match, yours=body.model_dump())
    try:
        version = department_changes.rename(connection, name, body.name, by=by)
    except department_changes.InUse as error:
        raise _needed(name, error) from error
    return version, found(connection, body.name)


def retire_department(connection: Connection, name: str, *, if_match: str | None, by: str) -> None:
    """Takes one out of use.

    Raises:
        Problem: there is none, something needs it, or the change was not made on what stands.
    """
    _must_stand(connection, name, if_match)
    try:
        department_changes.retire(connection, name, by=by)
    except department_changes.InUse as error:
        raise _needed(name, error) from error


def found(connection: Connection, name: str) -> Stored:
    """The department in use of a name.

    Raises:
        Problem: there is none.
    """
    stored = departments.find(connection, clean_text(name).text)
    if stored is None:
        raise Problem("not-found", f"There is no department {name}.")
    return stored


def version_of(stored: Stored) -> str:
    """What its `ETag` is made of."""
    return object_id(
        {"name": stored.name, "description": stored.description, "is_default": stored.is_default}
    )


def _must_stand(connection: Connection, name: str, if_match: str | None, **yours: Any) -> None:
    stored = found(connection, name)
    current = Department.model_validate(stored).model_dump()
    must_match(if_match, version_of(stored), current=current, **yours)


def _needed(name: str, error: department_changes.InUse) -> Problem:
    detail = f"Department {name}: {error.field} {error.problem}."
    return Problem("conflict", detail, fix=error.fix)
