"""Telling workers about tickets that are stored: best effort, within a time budget.

Messages that are sent while a request of the API is answered carry its id.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from celery import Celery
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

from broker.messages import (
    CHECK_DRIFT,
    DELIVER,
    DELIVERIES_QUEUE,
    LOOK_AT_LABELS,
    REQUEST_ID,
    RETRAIN,
    ROUTE,
    SUBMIT,
    TRAIN_QUEUE,
    packed,
)
from core import tracing
from core.errors import Transient
from core.tracing import TRACEPARENT

_log = structlog.get_logger(__name__)
_AWAY = (OperationalError, KombuError, RedisError, OSError)


def announce(app: Celery, ids: Sequence[UUID], *, per_message: int) -> bool:
    """Names stored tickets to the workers; without Redis they find them by polling.

    Returns:
        Whether every message got through.
    """
    try:
        _send(app, ROUTE, [str(id_) for id_ in ids], per_message)
    except _AWAY as error:
        _log.warning("redis_away", error=type(error).__name__, tickets=len(ids))
        return False
    return True


def wake_trainers(app: Celery) -> bool:
    """Tells trainers that a run waits; without Redis they find it by looking.

    Returns:
        Whether the message got through.
    """
    return _tell_trainers(app, RETRAIN)


def ask_for_drift_check(app: Celery) -> bool:
    """Has trainers check the open window now, before it is due.

    Returns:
        Whether the message got through; nothing else remembers it.
    """
    return _tell_trainers(app, CHECK_DRIFT, now=True)


def ask_for_label_report(app: Celery) -> bool:
    """Has trainers look at the labels now, before that is due.

    Returns:
        Whether the message got through; nothing else remembers it.
    """
    return _tell_trainers(app, LOOK_AT_LABELS)


def wake_deliverers(app: Celery) -> None:
    """Tells relays that something is to be delivered; without Redis they find it by looking.

    A message that nobody took within a minute is void, so that none pile up without a relay.
    """
    try:
        app.send_task(DELIVER, queue=DELIVERIES_QUEUE, retry=False, expires=60, headers=_headers())
    except _AWAY as error:
        _log.warning("redis_away", error=type(error).__name__)


def submit(
    app: Celery, tickets: Sequence[dict[str, Any]], *, source: str, per_message: int
) -> None:
    """Puts whole tickets on Redis, to be stored by the worker that takes them.

    Until then they have Redis' promise only, which is weaker than PostgreSQL's.

    Raises:
        Transient: Redis is away; messages before the failing one were sent.
    """
    try:
        _send(app, SUBMIT, tickets, per_message, source=source)
    except _AWAY as error:
        raise Transient(f"Redis is away: {type(error).__name__}") from error


def _tell_trainers(app: Celery, task: str, **options: Any) -> bool:
    try:
        app.send_task(task, kwargs=options, queue=TRAIN_QUEUE, retry=False, headers=_headers())
    except _AWAY as error:
        _log.warning("redis_away", error=type(error).__name__)
        return False
    return True


def _headers() -> dict[str, str]:
    given = {
        REQUEST_ID: structlog.contextvars.get_contextvars().get(REQUEST_ID),
        TRACEPARENT: tracing.here(),
    }
    return {name: value for name, value in given.items() if value is not None}


def _send(app: Celery, task: str, items: Sequence[Any], per_message: int, **options: Any) -> None:
    with app.producer_pool.acquire(block=True, timeout=1) as producer:
        for part in packed(items, per_message):
            app.send_task(
                task,
                args=[part],
                kwargs=options,
                producer=producer,
                retry=False,
                headers=_headers(),
            )
