"""A process's Celery consumer: takes messages until the process is told to stop.

It runs in the main thread and in this process alone (solo), so that nothing forks after CUDA or
torch's threads began. When Celery gives up on Redis by itself, it is started again. What is logged
about a message carries the id of the request that it comes from.
"""

import logging
import signal
import threading
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import FrameType
from typing import Any

import structlog
from celery import Celery, signals
from celery.platforms import EX_OK, SecurityWarning
from celery.worker import state as celery_state

from broker.messages import REQUEST_ID, parse_request_id
from core import tracing
from core.tracing import TRACEPARENT

_log = structlog.get_logger(__name__)
_AGAIN_AFTER_S = 1.0
_message: ContextVar[AbstractContextManager[None] | None] = ContextVar("message", default=None)
# Two lines a message, in which no ticket is named; the pool's quotes the message itself.
_TALKATIVE = ("celery.worker.strategy", "celery.app.trace", "celery.pool")


class _WithoutBodies(logging.Filter):
    """Celery quotes a message that it cannot take, and with it tickets; we only say so."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "body" in str(record.msg):
            record.msg = "a message was refused: its task is not ours, or it cannot be read"
            record.args, record.exc_info = (), None
        return True


_WITHOUT_BODIES = _WithoutBodies()


def consume(
    app: Celery, queues: Sequence[str], *, stopping: threading.Event, log_level: str
) -> None:
    """Takes messages until SIGTERM, Ctrl-C or `stopping`, which is set then.

    Args:
        app: with its tasks.
        queues: to take messages from.
        stopping: set by whoever wants the process to end.
        log_level: of Celery's own words.
    """

    def note_stop(**_: object) -> None:
        stopping.set()

    def note_signal(_number: int, _frame: FrameType | None) -> None:
        """For while no consumer runs; one that just starts ends again."""
        stopping.set()
        celery_state.should_stop = EX_OK

    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    logging.getLogger("celery.worker.consumer.consumer").addFilter(_WITHOUT_BODIES)
    warnings.simplefilter("ignore", SecurityWarning)  # it fears pickle, which we refuse
    signals.worker_shutting_down.connect(note_stop, weak=False)
    signals.task_prerun.connect(note_request)
    signals.task_postrun.connect(forget_request)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, note_signal)
    while not stopping.is_set():
        consumer = app.Worker(
            pool="solo",
            concurrency=1,
            queues=list(queues),
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
            loglevel=log_level,
        )
        consumer.start()
        if not stopping.wait(_AGAIN_AFTER_S):
            _log.warning("broker_again", cause="Celery's consumer ended by itself")


def note_request(task: Any, **_: object) -> None:
    """Has log lines and spans of this thread name the request and trace of the message in hand."""
    headers = task.request.headers or {}
    given = parse_request_id(headers.get(REQUEST_ID))
    if given is not None:
        structlog.contextvars.bind_contextvars(**{REQUEST_ID: given})
    trail = headers.get(TRACEPARENT)
    if isinstance(trail, str):
        message = tracing.span("message", parent=trail, task=task.name)
        message.__enter__()
        _message.set(message)


def forget_request(**_: object) -> None:
    """For the next message."""
    structlog.contextvars.unbind_contextvars(REQUEST_ID)
    message = _message.get()
    if message is not None:
        _message.set(None)
        message.__exit__(None, None, None)
