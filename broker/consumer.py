"""A process's Celery consumer: takes messages until the process is told to stop.

It runs in the main thread and in this process alone (solo), so that nothing forks after CUDA or
torch's threads began. When Celery gives up on Redis by itself, it is started again.
"""

import logging
import signal
import threading
import warnings
from collections.abc import Sequence
from types import FrameType

import structlog
from celery import Celery, signals
from celery.platforms import EX_OK, SecurityWarning
from celery.worker import state as celery_state

_log = structlog.get_logger(__name__)
_AGAIN_AFTER_S = 1.0
# Two lines a message, in which no ticket is named.
_TALKATIVE = ("celery.worker.strategy", "celery.app.trace")


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
    warnings.simplefilter("ignore", SecurityWarning)  # it fears pickle, which we refuse
    signals.worker_shutting_down.connect(note_stop, weak=False)
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
