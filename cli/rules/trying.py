"""What is tried, as it is written on a command line."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import Automation, LabelLevel, Routing, Ticket
from router.ruleset import Ruleset
from router.trying import try_on_scores, try_on_ticket
from store.queue.tickets import find

_LEVEL = re.compile(r"(?P<label>.+)=(?P<level>[a-z]+)(:(?P<score>[0-9.]+))?")
_STEERS = (Automation.AUTO, Automation.OFF, Automation.SHADOW)


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


def dry_run_of(
    connection: Connection,
    ruleset: Ruleset,
    ticket: str | None,
    text: str,
    scores: Mapping[str, float],
) -> Routing:
    """What rules make of a decided ticket, or of a text with scores where none is named.

    Raises:
        Invalid: no ticket has the id, or it has no decision that could be made again.
    """
    if ticket is None:
        return try_on_scores(ruleset, Ticket(id="dry-run", subject="", body=text), scores)
    found = find(connection, ticket)
    if found is None:
        raise Invalid("--ticket", "is that of no ticket", "give its UUID or its sender's id")
    tried = try_on_ticket(connection, ruleset, found)
    if tried is None:
        problem = "has no decision that could be made again"
        raise Invalid("--ticket", problem, "give --text and --labels")
    return tried.routing


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
