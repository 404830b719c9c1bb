"""Rules tried without effect: on one ticket, and on what was decided in a period."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from core.errors import Invalid
from core.types import Automation, LabelLevel, Routing, Rung, Ticket
from router.backtest import Backtest, Proposal, again
from router.decide import decide
from router.facts import DEFAULT_THRESHOLD
from router.history import backtest, stored_case
from router.policy import make_policy
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from store import taxonomy
from store.engine import one_moment, transaction
from store.tickets import find

_LEVEL = re.compile(r"(?P<label>.+)=(?P<level>[a-z]+)(:(?P<score>[0-9.]+))?")
_STEERS = (Automation.AUTO, Automation.OFF, Automation.SHADOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Tickets that arrived from `since` until before `until`; about `most` are looked at."""

    since: datetime
    until: datetime
    most: int


def last_days(days: int, *, most: int) -> Period:
    """The period that ends now."""
    now = datetime.now(UTC)
    return Period(since=now - timedelta(days=days), until=now, most=most)


def try_on_history(
    engine: Engine, ruleset: Ruleset, levels: Mapping[str, LabelLevel], period: Period
) -> Backtest:
    """What rules and levels would have changed in a period.

    Raises:
        Invalid: a label is not in use.
    """

    def work(connection: Connection) -> Backtest:
        one_moment(connection)
        known = {label.name for label in taxonomy.labels(connection)}
        for name in levels:
            if name not in known:
                raise Invalid("--level", f"{name!r} is not in use", "see `pointsman labels list`")
        proposal = Proposal(ruleset=ruleset, levels=levels)
        return backtest(connection, proposal, period.since, period.until, most=period.most)

    return transaction(engine, work)


def try_on_ticket(engine: Engine, ruleset: Ruleset, reference: str) -> Routing:
    """The decision that rules would make on a ticket from its stored scores, every rule traced.

    Raises:
        Invalid: there is no such ticket, or no decision with scores stands on it.
    """

    def work(connection: Connection) -> Routing:
        found = find(connection, reference)
        if found is None:
            raise Invalid("--ticket", "is that of no ticket", "give its UUID or its sender's id")
        case = stored_case(connection, found)
        if case is None:
            problem = "has no decision that could be made again"
            raise Invalid("--ticket", problem, "give --text and --labels")
        return again(case, compile_rulebook(ruleset).unindexed())

    return transaction(engine, work)


def try_on_text(ruleset: Ruleset, text: str, scores: Mapping[str, float]) -> Routing:
    """The decision that rules would make on a text with these scores, as of now."""
    return decide(
        scores=scores,
        policy=make_policy(dict.fromkeys(scores, DEFAULT_THRESHOLD)),
        rulebook=compile_rulebook(ruleset).unindexed(),
        ticket=Ticket(id="dry-run", subject="", body=text),
        rung=Rung.MODEL,
        now=datetime.now(UTC),
    )


def read_scores(given: str) -> dict[str, float]:
    """Scores from `label=0.9,other=0.2`; a label without a score has 1.

    Raises:
        Invalid: a score is no number in [0, 1].
    """
    pairs = (item.partition("=") for item in given.split(",") if item.strip())
    return {label.strip(): _score("--labels", score) for label, _, score in pairs}


def read_levels(given: Sequence[str]) -> dict[str, LabelLevel]:
    """Levels from `label=suggest` or `label=auto:0.8`.

    Raises:
        Invalid: one is written otherwise.
    """
    return dict(map(_level, given))


def read_moment(field: str, given: str) -> datetime:
    """A day or a moment in ISO 8601; UTC where no zone is told.

    Raises:
        Invalid: it is neither.
    """
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(field, "is no date", "give one such as 2026-05-31") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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


def _level(given: str) -> tuple[str, LabelLevel]:
    found = _LEVEL.fullmatch(given)
    if found is None or found["level"] not in set(Automation):
        names = "|".join(Automation)
        raise Invalid("--level", f"{given!r} is not LABEL=LEVEL[:SCORE]", f"LEVEL is {names}")
    automation, score = Automation(found["level"]), found["score"]
    number = None if score is None else _score("--level", score)
    if automation in _STEERS:
        return found["label"], LabelLevel(automation=automation, auto_from=number)
    return found["label"], LabelLevel(automation=automation, preselect_from=number)


def _score(field: str, given: str) -> float:
    try:
        score = float(given or 1)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise Invalid(field, f"{given!r} is no score", "give a number from 0 to 1")
    return score
