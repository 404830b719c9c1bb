"""The relay's composition root: settings in, every part made here, one process run.

Messages only wake it; without Redis it finds its work by looking.
"""

import threading

import structlog

from broker.app import make_consumer_app
from broker.consumer import consume
from broker.exposure import refuse_exposed
from broker.messages import DELIVER, DELIVERIES_QUEUE
from core.redaction import redactor
from core.sealing import Box
from core.settings import Settings
from deliver.helpdesks import HelpdeskBook, Line, poll_for_ever
from deliver.receivers import ReceiverBook
from deliver.relay import Pace, Relay
from deliver.schedule import Patience
from deliver.webhooks import Wire
from helpdesks.polling import Poller
from store.engine import make_engine

_log = structlog.get_logger(__name__)
_CONNECTIONS = 8  # of deliveries that end at the same moment
_KEEPING_S = 20.0  # to keep an outcome while the database is slow


class Deliverer:
    """One process that delivers.

    Args:
        settings: with both URLs set.

    Raises:
        Invalid: a URL is missing, a setting is wrong, or Redis is open to strangers.
    """

    def __init__(self, settings: Settings) -> None:
        database_url, self._redis_url = settings.service_urls()
        refuse_exposed(settings, self._redis_url)
        self._settings = settings
        engine = make_engine(
            database_url,
            pool_size=max(settings.database_pool, _CONNECTIONS),
            statement_timeout_s=settings.statement_timeout_s,
        )
        wire = Wire(settings.webhook_reach, timeout_s=settings.webhook_timeout_s)
        box = Box(settings.webhook_key)
        line = Line(settings.webhook_reach, timeout_s=settings.webhook_timeout_s)
        desks = HelpdeskBook(engine, line, box)
        self._relay = Relay(engine, ReceiverBook(wire, box, desks), make_pace(settings))
        self._poller = Poller(engine, desks.open, redactor(settings))
        self._stopping = threading.Event()

    def run(self) -> None:
        """Works until SIGTERM or Ctrl-C, then waits a little for what is under way."""
        relay = threading.Thread(
            target=self._relay.run, args=(self._stopping,), name="relay", daemon=True
        )
        relay.start()
        asking = (self._poller, self._settings.helpdesk_poll_s, self._stopping)
        threading.Thread(
            target=poll_for_ever, args=asking, name="helpdesk_poll", daemon=True
        ).start()
        _log.info("ready")
        app = make_consumer_app(
            self._redis_url, visibility_timeout_s=self._settings.visibility_timeout_s
        )
        app.task(name=DELIVER)(self._relay.wake)
        level = self._settings.log_level
        consume(app, (DELIVERIES_QUEUE,), stopping=self._stopping, log_level=level)
        self._relay.wake()
        relay.join(1)
        self._relay.finish(self._settings.shutdown_grace_s - 1)


def make_pace(settings: Settings) -> Pace:
    """How this process works; a lease outlives an attempt and keeping what became of it."""
    return Pace(
        lease_s=settings.webhook_timeout_s + _KEEPING_S,
        poll_interval_s=settings.poll_interval_s,
        patience=Patience(
            retry_s=settings.webhook_retry_hours * 3600, pause_s=settings.webhook_pause_hours * 3600
        ),
    )
