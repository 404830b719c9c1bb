"""The label pages that change nothing: the list, one label with all about it, a pending change."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import ArtifactInvalid, Invalid
from core.types import GroupBy
from router.label_listing import listed
from router.thresholds import plan_thresholds
from store.engine import one_moment, transaction
from store.figures import quality
from store.figures.quality import Asked
from store.labels import label_requests, label_usage
from store.models import model_versions
from store.rules import label_history, taxonomy
from store.rules.taxonomy import Label
from web.api.labels.changes import one_label
from web.api.thresholds.changes import version_of
from web.api.thresholds.schemas import Level
from web.browsers import is_from_a_page
from web.console.labels.answers import may
from web.console.labels.shown import (
    LEVELS,
    Drawing,
    Line,
    bare_line,
    drawn,
    full_line,
    key_of,
    label_at,
)
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.etags import etag_of
from web.problems import Problem

LabelKey = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
_DAYS = 30
_EXAMPLES = 5


def label_routes(engine: Engine, pages: Pages) -> APIRouter:
    """`/labels` and what is under a label's key."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/labels")
    def page(request: Request) -> HTMLResponse:
        visit = visit_of(request)
        lines = transaction(engine, _bare_lines)
        return pages.page(visit, "labels/list.html", lines=lines, **offers(visit))

    @routes.get("/labels/table")
    def table(request: Request) -> HTMLResponse:
        lines = transaction(engine, _full_lines)
        return pages.page(visit_of(request), "labels/_table.html", lines=lines)

    @routes.get("/labels/{key}")
    def show(request: Request, key: LabelKey) -> HTMLResponse:
        visit = visit_of(request)
        return transaction(engine, lambda c: _label_page(c, pages, visit, key))

    @routes.get("/labels/{key}/examples")
    def examples(request: Request, key: LabelKey) -> HTMLResponse:
        found = transaction(engine, lambda c: _examples(c, must_be_in_use(c, key).name))
        return pages.page(visit_of(request), "labels/_examples.html", tickets=found)

    @routes.get("/labels/changes/{number}")
    def change(
        request: Request, number: Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
    ) -> HTMLResponse:
        found = transaction(engine, lambda c: label_requests.find(c, number))
        if found is None:
            raise Problem("not-found", f"There is no change {number}.")
        template = "labels/_change.html" if is_from_a_page(request) else "labels/change.html"
        return pages.page(visit_of(request), template, change=found)

    return routes


def must_be_in_use(connection: Connection, key: str) -> Label:
    """The label of a key.

    Raises:
        Problem: there is none.
    """
    found = label_at(taxonomy.labels(connection), key)
    if found is None:
        raise Problem("not-found", "There is no such label in use.", fix="see the list of labels")
    return found


def offers(visit: Visit) -> dict[str, Any]:
    """Which changes the page offers to who reads it."""
    return {
        "may_edit": may(visit, "POST", "/labels/{key}/level"),
        "may_try": may(visit, "POST", "/labels/{key}/goal"),
        "sees_care": may(visit, "GET", "/labels/care"),
    }


def _bare_lines(connection: Connection) -> list[Line]:
    model = serving(connection)
    return [bare_line(label, model) for label in taxonomy.labels(connection)]


def _full_lines(connection: Connection) -> list[Line]:
    one_moment(connection)
    model = serving(connection)
    until = datetime.now(UTC)
    since = until - timedelta(days=_DAYS)
    asked = Asked(since=since, until=until, wants_times=False)
    figures = quality.figures(connection, asked, GroupBy.LABEL)
    return [
        full_line(each, figures.get(each.label.name), model) for each in listed(connection).labels
    ]


def _label_page(connection: Connection, pages: Pages, visit: Visit, key: str) -> HTMLResponse:
    one_moment(connection)
    label = must_be_in_use(connection, key)
    found, version = one_label(connection, label.name)
    return pages.page(
        visit,
        "labels/label.html",
        label=found,
        words_tag=etag_of(version),
        others=[each.name for each in taxonomy.labels(connection) if each.name != label.name],
        **level_shown(connection, label),
        **offers(visit),
    )


def level_shown(connection: Connection, label: Label) -> dict[str, Any]:
    """What the part about level and threshold needs."""
    model = serving(connection)
    drawing, acts_from = _curve(connection, label.name)
    return {
        "key": key_of(label.name),
        "level": Level.model_validate(label.level),
        "levels": LEVELS,
        "tag": etag_of(version_of(connection)),
        "drawing": drawing,
        "acts_from": acts_from,
        "model": model,
        "measured_on": label.measured_on,
        "stale": label.measured_on is not None and label.measured_on != model,
        "reached": None,
    }


def _curve(connection: Connection, name: str) -> tuple[Drawing | None, float | None]:
    """The label's curve, and from which score it acts; nothing where no model tells."""
    try:
        plan = plan_thresholds(connection, [name], None).labels[0]
    except (ArtifactInvalid, Invalid):
        return None, None
    return drawn(plan.choice.curve), plan.now


def _examples(connection: Connection, name: str) -> list[label_usage.NamedTicket]:
    names = label_history.meaning(connection).names_of(name)
    return label_usage.tickets_naming(connection, names, most=_EXAMPLES)


def serving(connection: Connection) -> str | None:
    """The version of the model that serves."""
    active = model_versions.active(connection)
    return None if active is None else active.version
