"""An explanation asked for from a terminal, and waited for as the API's door waits."""

import time
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from cli.running.services import Connected
from core.errors import Invalid
from router.why import why_object
from store.decided.explanations import Explanation, ExplanationState, Subject, ask, read, scored_by
from store.engine import transaction
from store.queue.tickets import find

_LOOK_S = 0.1


def explain(here: Connected, reference: str) -> dict[str, Any]:
    """What explains the standing decision of a ticket, JSON-ready (`router.why.why_object`).

    Raises:
        Invalid: it is no ticket's, or no decision stands on it.
    """
    engine = here.engine
    id_ = transaction(engine, lambda c: find(c, reference))
    scored = id_ and transaction(engine, lambda c: scored_by(c, id_))
    if not id_ or not scored:
        raise Invalid("ID", "is that of no ticket", "give its UUID or its sender's id")
    explanation = None if scored.subject is None else _asked(here, scored.subject)
    return _object(engine, id_, explanation)


def _object(engine: Engine, id_: UUID, explanation: Explanation | None) -> dict[str, Any]:
    found = transaction(engine, lambda c: why_object(c, id_, explanation))
    if found is None:
        raise Invalid("ID", "is that of a ticket that is not decided", "wait for its decision")
    return found


def _asked(here: Connected, subject: Subject) -> Explanation:
    """What stands once a worker has made it, or when that takes too long."""
    until = time.monotonic() + here.settings.explain_wait_s
    fresh_s = here.settings.explain_fresh_s
    found = transaction(here.engine, lambda c: ask(c, subject, fresh_s=fresh_s))
    while _is_awaited(found) and time.monotonic() < until:
        time.sleep(_LOOK_S)
        found = transaction(here.engine, lambda c: read(c, subject)) or found
    return found


def _is_awaited(found: Explanation) -> bool:
    return found.result is None and found.state is ExplanationState.ASKED
