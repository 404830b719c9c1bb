"""The Celery tasks of a worker: store what must be stored, ring the bell, return.

The work itself is the pipeline's. So a message is acknowledged within milliseconds, and losing
or repeating one does no harm.
"""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import Reject
from sqlalchemy import Connection, Engine

from broker.messages import ROUTE, SUBMIT, SWEEP, parse_ids, parse_submission
from core.errors import Invalid, Transient
from core.ticket_json import parse_ticket
from core.types import Ticket
from store.dead_letters import DeadLetter, keep
from store.engine import transaction
from store.tickets import Accepted, accept
from worker.counters import Counters
from worker.inbox import Inbox

_log = structlog.get_logger(__name__)
_RETRY_INTERVAL_S = 0.5
_MAX_PAYLOAD_CHARS = 65_536
_MAX_SOURCE_CHARS = 200


def add_tasks(
    app: Celery,
    *,
    engine: Engine,
    inbox: Inbox,
    counters: Counters,
    stopping: threading.Event,
    maintain: Callable[[], None],
) -> None:
    """Makes the app answer to our task names.

    Args:
        app: the consumer app.
        engine: the database.
        inbox: where announced ids go.
        counters: what to count into.
        stopping: set when the process is to end.
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
        inbox.put(parsed)

    @app.task(name=SUBMIT)
    def submit(tickets: Any, source: Any = "celery") -> None:
        counters.add(messages=1)
        good, bad = sorted_out(tickets, source)
        stored = _stored(engine, good, bad, _source(source), stopping)
        counters.add(tickets_announced=len(stored), tickets_refused=len(bad))
        inbox.put(entry.id for entry in stored)

    @app.task(name=SWEEP)
    def sweep() -> None:
        maintain()


def sorted_out(raw: object, source: object) -> tuple[list[Ticket], list[DeadLetter]]:
    """Splits a submission into tickets to accept and letters that tell what was refused."""
    good: list[Ticket] = []
    bad: list[DeadLetter] = []
    try:
        entries = parse_submission(raw)
    except Invalid as error:
        return [], [_letter(raw, source, error)]
    for entry in entries:
        try:
            good.append(parse_ticket(entry))
        except Invalid as error:
            bad.append(_letter(entry, source, error))
    return good, bad


def _stored(
    engine: Engine,
    good: Sequence[Ticket],
    bad: Sequence[DeadLetter],
    source: str,
    stopping: threading.Event,
) -> list[Accepted]:
    """Stores a submission, waiting for the database; until then Redis keeps the message."""

    def work(connection: Connection) -> list[Accepted]:
        keep(connection, bad)
        return accept(connection, good, source=source)

    while True:
        try:
            return transaction(engine, work)
        except Transient as error:
            _log.warning("submission_later", tickets=len(good), cause=str(error))
            if stopping.wait(_RETRY_INTERVAL_S):
                raise Reject(reason="stopping", requeue=True) from error


def _letter(raw: object, source: object, error: Invalid) -> DeadLetter:
    payload = json.dumps(raw, default=str)[:_MAX_PAYLOAD_CHARS]
    return DeadLetter(source=_source(source), field=error.field, error=str(error), payload=payload)


def _source(raw: object) -> str:
    text = raw.strip() if isinstance(raw, str) else ""
    return text.replace("\x00", "")[:_MAX_SOURCE_CHARS] or "celery"
