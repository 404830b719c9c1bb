"""The department pages that change nothing: the list, and one department with all about it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import GroupBy
from router.editing import Standing, standing
from router.ruleset import Ruleset
from store.engine import one_moment, transaction
from store.figures import quality
from store.figures.quality import Asked, Figures
from store.rules import taxonomy
from store.rules.taxonomy import Department
from web.api.departments.changes import version_of
from web.console.departments.shown import (
    DepartmentKey,
    Line,
    key_of,
    lines_of,
    named_at,
    parts_of,
)
from web.console.labels.answers import may
from web.console.labels.shown import key_of as label_key
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.etags import etag_of
from web.problems import Problem

_DAYS = 30


def department_pages(engine: Engine, pages: Pages) -> APIRouter:
    """`/departments` and a department's page."""
    routes = APIRouter(include_in_schema=False, prefix="/departments")

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        visit = visit_of(request)
        lines = transaction(engine, lambda c: _lines(c, None))
        return pages.page(visit, "departments/list.html", lines=lines, **offers(visit))

    @routes.get("/table")
    def table(request: Request) -> HTMLResponse:
        lines = transaction(engine, lambda c: _lines(c, _figures(c)))
        return pages.page(visit_of(request), "departments/_table.html", lines=lines)

    @routes.get("/{key}")
    def show(request: Request, key: DepartmentKey) -> HTMLResponse:
        visit = visit_of(request)
        shown = transaction(engine, lambda c: _shown(c, key))
        return pages.page(visit, "departments/page.html", **shown, **offers(visit))

    return routes


def must_be_in_use(connection: Connection, key: str) -> Department:
    """The department of a key.

    Raises:
        Problem: there is none.
    """
    found = named_at(taxonomy.departments(connection), key)
    if found is None:
        fix = "see the list of departments"
        raise Problem("not-found", "There is no such department in use.", fix=fix)
    return found


def offers(visit: Visit) -> dict[str, Any]:
    """Which changes the page offers to who reads it."""
    return {
        "may_edit": may(visit, "POST", "/departments"),
        "may_edit_rules": may(visit, "POST", "/departments/{key}/hand-over"),
        "sees_figures": may(visit, "GET", "/departments/table"),
    }


def _lines(connection: Connection, figures: Mapping[str, Figures] | None) -> list[Line]:
    return lines_of(taxonomy.departments(connection), _standing(connection).ruleset, figures)


def _figures(connection: Connection) -> Mapping[str, Figures]:
    until = datetime.now(UTC)
    since = until - timedelta(days=_DAYS)
    asked = Asked(since=since, until=until, wants_times=False)
    return quality.figures(connection, asked, GroupBy.DEPARTMENT)


def _standing(connection: Connection) -> Standing:
    """The rules that decide now; revision 0 without any before the first were saved."""
    return standing(connection) or Standing(version=0, ruleset=Ruleset(default_department=""))


def _shown(connection: Connection, key: str) -> dict[str, Any]:
    one_moment(connection)
    department, found = must_be_in_use(connection, key), _standing(connection)
    rules = found.ruleset
    (line,) = lines_of([department], rules, None)
    others = [each.name for each in taxonomy.departments(connection)]
    return {
        "key": key_of(department.name),
        "department": department,
        "takes_rest": rules.default_department == department.name,
        "tag": etag_of(version_of(department)),
        "rules_tag": etag_of(found.version),
        "parts": parts_of(rules, department.name),
        "labels": [(name, label_key(name)) for name in line.labels],
        "others": [name for name in others if name != department.name],
    }
