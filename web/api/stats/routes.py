"""`/v1/stats`: how good and how quick decisions were in a period, and what waits now.

A question costs the hours of its period, which has a longest length: decisions are counted by the
hour (`store.figures.hour_counts`), and what hours cannot tell is that of a sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine

from core.errors import Invalid
from core.types import GroupBy
from store.decided.records import oldest_waiting_s, waiting
from store.engine import one_moment, transaction
from store.feedback.review import waiting_by_reason
from store.figures import quality
from store.figures.quality import Asked, Figures
from web.api.stats.schemas import Group, Queue, Stats, WantedFigures, group_of
from web.problems import documented

_DAYS = 30
_GROUPS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsLimits:
    """What one question may cost.

    Attributes:
        longest: period.
        decisions: about so many are looked at.
        audit_share: of all tickets that is drawn for the audit, in [0, 1].
    """

    longest: timedelta
    decisions: int
    audit_share: float


def stats_routes(engine: Engine, limits: StatsLimits) -> APIRouter:
    """The one route."""
    routes = APIRouter(prefix="/v1/stats", tags=["stats"])

    @routes.get(
        "",
        response_model=Stats,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="Figures of a period",
    )
    def stats(wanted: Annotated[WantedFigures, Query()]) -> Stats:
        """By day, label, version, language, channel or department, or of all together."""
        since, until = _period(wanted, datetime.now(UTC), limits.longest)

        def read(connection: Connection) -> Stats:
            one_moment(connection)
            return _stats(connection, wanted, (since, until), limits)

        return transaction(engine, read)

    return routes


def _period(wanted: WantedFigures, now: datetime, longest: timedelta) -> tuple[datetime, datetime]:
    """From when to when.

    Raises:
        Invalid: it is empty or too long.
    """
    until = max(_EPOCH, min(wanted.until or now, now))
    since = max(_EPOCH, wanted.since or _EPOCH)
    if wanted.since is None:
        since = max(_EPOCH, until - min(timedelta(days=_DAYS), longest))
    if since >= until:
        raise Invalid("since", "is not before `until`, or not in the past", "give an earlier one")
    if until - since > longest:
        fix = "ask for a shorter period, or several of them"
        raise Invalid("since", f"is more than {longest.days} days before `until`", fix)
    return since, until


def _stats(
    connection: Connection,
    wanted: WantedFigures,
    period: tuple[datetime, datetime],
    limits: StatsLimits,
) -> Stats:
    since, until = period
    decisions = quality.decisions_between(connection, since, until)
    asked = Asked(
        since=since,
        until=until,
        most=limits.decisions,
        audit_share=limits.audit_share,
        version=wanted.model_version,
        language=wanted.language,
        channel=wanted.channel,
        department=wanted.department,
    )
    found = quality.figures(connection, asked, wanted.by)
    groups = largest(found, wanted.by)
    return Stats(
        since=since,
        until=until,
        by=wanted.by,
        decisions=decisions,
        sampled_share=quality.share_of(decisions, limits.decisions),
        groups=groups,
        groups_left_out=len(found) - len(groups),
        queue=_queue(connection),
    )


def largest(found: Mapping[str, Figures], by: GroupBy) -> list[Group]:
    """Those with most tickets, by name: whoever sends tickets may make up any language."""
    kept = sorted(found, key=lambda name: -found[name].tickets)[:_GROUPS]
    return [group_of(name, found[name], by) for name in sorted(kept)]


def _queue(connection: Connection) -> Queue:
    tickets, review = waiting(connection), waiting_by_reason(connection)
    return Queue(
        waiting=tickets["accepted"] + tickets["claimed"],
        oldest_s=oldest_waiting_s(connection),
        review=review.items,
        review_oldest_s=review.oldest_s,
    )
