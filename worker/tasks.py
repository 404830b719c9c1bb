"""The Celery tasks of a worker: store what must be stored, ring the bell, return.

The work itself is the pipeline's. So a message is acknowledged within milliseconds, and losing
or repeating one does no harm.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import Reject
from sqlalchemy import Connection, Engine

from broker.messages import ROUTE, SUBMIT, SWEEP, parse_ids, parse_submission
from core.errors import Invalid, Transient
from core.redaction import AS_GIVEN, Redactor
from core.ticket_json import parse_ticket
from core.types import Ticket
from store.engine import transaction
from store.queue.dead_letters import DeadLetter, keep
from store.queue.tickets import Accepted, Outcome, accept
from worker.counters import Counters
from worker.inbox import Inbox

_log = structlog.get_logger(__name__)
_RETRY_INTERVAL_S = 0.5
_MAX_PAYLOAD_CHARS = 65_536
_MAX_SOURCE_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """How submissions are stored.

    Attributes:
        engine: the database.
        redactor: takes out of tickets what must not be stored.
        stopping: set when the process is to end.
    """

    engine: Engine
    redactor: Redactor
    stopping: threading.Event


def add_tasks(
    app: Celery,
    *,
    intake: Intake,
    inbox: Inbox,
    counters: Counters,
    maintain: Callable[[], None],
) -> None:
    """Makes the app answer to our task names.

    Args:
        app: the consumer app.
        intake: stores what producers submit.
        inbox: where announced ids go.
        counters: what to count into.
        maintain: what `maintenance.sweep` does.
    """

    @app.task(name=ROUTE)
    def route(ids: Any) -> None:
        counters.add(messages=1)
        try:
            parsed = parse_ids(ids)
        except Invalid as error:
            _log.error("message_refused", task=ROUTE, cause=str(error))
            return
        counters.add(tickets_announced=len(parsed))
        _log.info("tickets_announced", tickets=len(parsed))
        inbox.put(parsed)

    @app.task(name=SUBMIT)
    def submit(tickets: Any, source: Any = "celery") -> None:
        counters.add(messages=1)
        good, bad = sorted_out(tickets, source, intake.redactor)
        stored = _stored(intake, good, bad, _source(source))
        counters.add(tickets_announced=len(stored), tickets_refused=len(bad))
        _log.info("tickets_stored", tickets=len(stored), refused=len(bad))
        inbox.put(entry.id for entry in stored if entry.outcome is not Outcome.ERASED)

    @app.task(name=SWEEP)
    def sweep() -> None:
        maintain()


def sorted_out(
    raw: object, source: object, redact: Redactor = AS_GIVEN
) -> tuple[list[Ticket], list[DeadLetter]]:
    """Splits a submission into tickets to accept and letters that tell what was refused."""
    good: list[Ticket] = []
    bad: list[DeadLetter] = []
    try:
        entries = parse_submission(raw)
    except Invalid as error:
        return [], [_letter(redact.text(_said(raw)), source, error)]
    for entry in entries:
        try:
            good.append(parse_ticket(entry))
        except Invalid as error:
            bad.append(_letter(redact.text(_said(entry)), source, error))
    return good, bad


def _stored(
    intake: Intake, good: Sequence[Ticket], bad: Sequence[DeadLetter], source: str
) -> list[Accepted]:
    """Stores a submission, waiting for the database; until then Redis keeps the message."""

    def work(connection: Connection) -> list[Accepted]:
        keep(connection, bad)
        return accept(connection, good, source=source, redact=intake.redactor)

    while True:
        try:
            return transaction(intake.engine, work)
        except Transient as error:
            _log.warning("submission_later", tickets=len(good), cause=str(error))
            if intake.stopping.wait(_RETRY_INTERVAL_S):
                raise Reject(reason="stopping", requeue=True) from error


def _said(raw: object) -> str:
    return json.dumps(raw, default=str)[:_MAX_PAYLOAD_CHARS]


def _letter(payload: str, source: object, error: Invalid) -> DeadLetter:
    return DeadLetter(source=_source(source), field=error.field, error=str(error), payload=payload)


def _source(raw: object) -> str:
    text = raw.strip() if isinstance(raw, str) else ""
    return text.replace("\x00", "")[:_MAX_SOURCE_CHARS] or "celery"
