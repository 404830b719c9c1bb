"""Rules tried without effect: on one ticket, and on what was decided in a period."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import LabelLevel, Routing, Rung, Ticket
from router.backtest import Backtest, Proposal, again
from router.decide import decide
from router.facts import DEFAULT_THRESHOLD
from router.history import backtest, stored_case
from router.policy import make_policy
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from store.engine import one_moment
from store.rules import taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Tickets that arrived from `since` until before `until`; about `most` are looked at."""

    since: datetime
    until: datetime
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What rules make of a ticket that was decided, and what stands on it."""

    routing: Routing
    made: Routing

    @property
    def differences(self) -> tuple[str, ...]:
        """Names of what comes out otherwise; a trace of more rules is no difference."""
        return tuple(
            name
            for name, value in routing_object(self.routing).items()
            if name != "trace" and routing_object(self.made)[name] != value
        )


def last_days(days: int, *, most: int) -> Period:
    """The period that ends now."""
    now = datetime.now(UTC)
    return Period(since=now - timedelta(days=days), until=now, most=most)


def try_on_history(connection: Connection, proposal: Proposal, period: Period) -> Backtest:
    """What rules and levels would have changed in a period.

    Args:
        connection: a transaction in which nothing was read yet.
        proposal: what is tried.
        period: of arrival.

    Raises:
        Invalid: a label is not in use.
    """
    one_moment(connection)
    known = {label.name for label in taxonomy.labels(connection)}
    for name in proposal.levels:
        if name not in known:
            raise Invalid(f"levels.{name}", "is not in use", "see `pointsman labels list`")
    return backtest(connection, proposal, period.since, period.until, most=period.most)


def try_on_ticket(
    connection: Connection, ruleset: Ruleset, ticket: UUID, *, at: datetime | None = None
) -> Attempt | None:
    """The decision that rules would make on a ticket from its stored scores, every rule traced.

    Args:
        connection: an open transaction.
        ruleset: the rules.
        ticket: a decided one.
        at: as if it were decided then, aware; None for when it was.

    Returns:
        None where no decision stands on the ticket that could be made again.
    """
    case = stored_case(connection, ticket)
    if case is None:
        return None
    asked = replace(case, decided_at=at or case.decided_at)
    return Attempt(routing=again(asked, compile_rulebook(ruleset).unindexed()), made=case.made)


def try_on_scores(
    ruleset: Ruleset,
    ticket: Ticket,
    scores: Mapping[str, float],
    *,
    thresholds: Mapping[str, float] | None = None,
    levels: Mapping[str, LabelLevel] | None = None,
    at: datetime | None = None,
) -> Routing:
    """The decision that rules would make on a ticket with these scores, every rule traced.

    Args:
        ruleset: the rules.
        ticket: any.
        scores: in [0, 1] by label.
        thresholds: in [0, 1] by label; 0.5 where missing.
        levels: what labels may do; all of it where missing.
        at: as if it were decided then, aware; None for now.
    """
    cuts = dict.fromkeys(scores, DEFAULT_THRESHOLD) | dict(thresholds or {})
    return decide(
        scores=scores,
        policy=make_policy(cuts, levels),
        rulebook=compile_rulebook(ruleset).unindexed(),
        ticket=ticket,
        rung=Rung.MODEL,
        now=at or datetime.now(UTC),
    )


def routing_object(routing: Routing) -> dict[str, Any]:
    """JSON-ready, in the words of stored decisions."""
    return {
        "primary_department": routing.primary,
        "collaborators": list(routing.collaborators),
        "labels": list(routing.labels),
        "preselected": list(routing.preselected),
        "suggested": list(routing.suggested),
        "reason": routing.reason.value,
        "rule": routing.rule,
        "trace": routing.trace,
    }
