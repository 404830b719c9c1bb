"""The health page: what is alive, what waits, how good decisions are, what failed, what drifts.

Each section is a part of its own. What is cheap comes with the page and keeps itself fresh; figures
that take counting come after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import GroupBy
from store.decided import records
from store.engine import one_moment, transaction
from store.feedback.review import waiting_by_reason
from store.figures import drift_reports, quality, throughput
from store.figures.quality import Asked
from store.models import model_versions
from store.queue import quarantine
from store.queue.workers import workers
from web.api.cursors import cursor_of, id_of
from web.api.drift.schemas import record_of
from web.api.models.schemas import figures_of
from web.api.stats.routes import StatsLimits
from web.console.health.shown import HOURS, all_of, day_of, fill, label_lines, shown_workers
from web.console.labels.answers import may
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.health import Check

_DAYS = 30
_PAGE = 50
Cursor = Annotated[str | None, Query(max_length=100)]
_ReportId = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthParts:
    """What the page asks.

    Attributes:
        checks: of what this process needs.
        stats: what one question for figures may cost.
        min_tickets: under which no window is judged for drift.
    """

    engine: Engine
    checks: Sequence[Check]
    stats: StatsLimits
    min_tickets: int


def health_page_routes(parts: HealthParts, pages: Pages) -> APIRouter:
    """`/health` and the parts of it that load by themselves."""
    routes = APIRouter(include_in_schema=False, prefix="/health")

    @routes.get("")
    def page(request: Request, cursor: Cursor = None) -> HTMLResponse:
        visit = visit_of(request)

        def read(connection: Connection) -> dict[str, Any]:
            return {
                **read_now(connection),
                **read_failed(connection, visit, cursor),
                **read_drift(connection, visit, parts.min_tickets),
            }

        shown = transaction(parts.engine, read)
        return pages.page(visit, "health/page.html", services=_asked(parts.checks), **shown)

    @routes.get("/now")
    def now(request: Request) -> HTMLResponse:
        shown = transaction(parts.engine, read_now)
        visit, services = visit_of(request), _asked(parts.checks)
        return pages.page(visit, "health/_now.html", services=services, **shown)

    @routes.get("/figures")
    def figures(request: Request) -> HTMLResponse:
        shown = transaction(
            parts.engine, lambda c: _read_figures(c, datetime.now(UTC), parts.stats)
        )
        return pages.page(visit_of(request), "health/_figures.html", **shown)

    @routes.get("/drift")
    def drift(request: Request, asked_after: _ReportId = None) -> HTMLResponse:
        """As long as there is none newer than `asked_after` the part goes on asking."""
        visit = visit_of(request)

        def read(connection: Connection) -> dict[str, Any]:
            return read_drift(connection, visit, parts.min_tickets, asked_after)

        return pages.page(visit, "health/_drift.html", **transaction(parts.engine, read))

    @routes.get("/quarantined")
    def quarantined(request: Request, cursor: Cursor = None) -> HTMLResponse:
        visit = visit_of(request)
        shown = transaction(parts.engine, lambda c: read_failed(c, visit, cursor))
        return pages.page(visit, "health/_quarantined.html", **shown)

    return routes


def read_now(connection: Connection) -> dict[str, Any]:
    """What lives and what waits."""
    seen, waits = workers(connection), records.waiting(connection)
    return {
        "workers": shown_workers(seen),
        "alive": sum(worker.alive for worker in seen),
        "fill": fill,
        "waiting": waits["accepted"] + waits["claimed"],
        "oldest_s": records.oldest_waiting_s(connection),
        "quarantined": waits["quarantined"],
        "per_minute": records.pace(connection, now=datetime.now(UTC)).per_minute,
        "review": waiting_by_reason(connection),
    }


def read_failed(
    connection: Connection, visit: Visit, cursor: str | None = None, again: int | None = None
) -> dict[str, Any]:
    """A page of what is in quarantine, and how many were just put back in the queue."""
    after = None if cursor is None else id_of(cursor)
    failed = quarantine.page(connection, after=after, most=_PAGE)
    return {
        "failed": failed,
        "older": cursor_of(failed[-1].id) if len(failed) == _PAGE else None,
        "again": again,
        "may_replay": may(visit, "POST", "/health/quarantined"),
    }


def read_drift(
    connection: Connection, visit: Visit, min_tickets: int, asked_after: int | None = None
) -> dict[str, Any]:
    """The newest report, the window that grows, and whether a report is waited for."""
    report = drift_reports.newest(connection)
    is_awaited = asked_after is not None and (report is None or report.id <= asked_after)
    return {
        "report": None if report is None else record_of(report),
        "window": drift_reports.open_window(connection, enough=min_tickets),
        "min_tickets": min_tickets,
        "asked_after": asked_after if is_awaited else None,
        "may_check": may(visit, "POST", "/health/drift"),
    }


def _asked(checks: Sequence[Check]) -> list[Any]:
    return [check() for check in checks]


def _read_figures(connection: Connection, now: datetime, limits: StatsLimits) -> dict[str, Any]:
    one_moment(connection)
    since = now - min(timedelta(days=_DAYS), limits.longest)
    asked = Asked(since=since, until=now, wants_times=False, audit_share=limits.audit_share)
    versions = quality.figures(connection, asked, GroupBy.VERSION)
    active = model_versions.active(connection)
    metrics = {} if active is None else model_versions.find(connection, active.version).metrics
    return {
        "days": (now - since).days,
        "all": all_of(versions.values()) if versions else None,
        "labels": label_lines(quality.figures(connection, asked, GroupBy.LABEL)),
        "versions": versions,
        "day": day_of(throughput.by_hour(connection, now, hours=HOURS), now),
        "serving": None if active is None else active.version,
        "measured": figures_of(metrics),
    }
