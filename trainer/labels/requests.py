"""The thread of a trainer that changes labels when somebody asks for it over HTTP."""

import threading

import structlog
from sqlalchemy import Connection, Engine

from core.errors import Invalid, Permanent
from router.label_outlook import Outlook, Wanted, look
from router.label_wishes import parse_wanted
from store.engine import transaction
from store.labels import label_requests
from store.labels.label_moves import LabelChange
from store.labels.label_requests import LabelRequest
from trainer.labels.relabelling import Workshop, carry_out

_log = structlog.get_logger(__name__)
# Surgery takes seconds, and a minute or two for a large model on a busy machine.
_LEASE_S = 600


class LabelRequests:
    """Looks from time to time whether a change of labels waits, and makes it.

    Args:
        engine: the database.
        workshop: where and how models are changed.
        interval_s: between two looks, in seconds.
        stopping: set when the process should end.
    """

    def __init__(
        self, engine: Engine, workshop: Workshop, *, interval_s: float, stopping: threading.Event
    ) -> None:
        self._engine = engine
        self._workshop = workshop
        self._interval_s = interval_s
        self._stopping = stopping

    def start(self) -> None:
        """Begins to look, in a thread that the process does not wait for."""
        threading.Thread(target=self._look_on, name="labels", daemon=True).start()

    def look(self) -> bool:
        """Makes the change that waits; whether there was one."""
        request = transaction(self._engine, lambda c: label_requests.claim(c, lease_s=_LEASE_S))
        if request is None:
            return False
        try:
            self._make(request)
        except (Invalid, Permanent) as error:
            cause = str(error)
            _log.warning("labels_not_changed", request=request.id, cause=cause)
            transaction(self._engine, lambda c: label_requests.fail(c, request.id, cause))
        return True

    def _make(self, request: LabelRequest) -> None:
        wanted = parse_wanted(request.wanted)
        outlook = transaction(self._engine, lambda c: _as_shown(c, request, wanted))

        def also(connection: Connection, change: LabelChange) -> None:
            version = None if change.model is None else change.model.version
            label_requests.succeed(connection, request.id, version)

        carry_out(self._engine, wanted, outlook, self._workshop, also)
        _log.info("labels_changed", request=request.id, kind=wanted.kind)

    def _look_on(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception as error:  # its lease ends, and it is tried again
                _log.error("labels_later", cause=type(error).__name__)
            self._stopping.wait(self._interval_s)


def _as_shown(connection: Connection, request: LabelRequest, wanted: Wanted) -> Outlook:
    """What the change touches, if rules and model are those that it was shown on."""
    outlook = look(connection, wanted)
    shown = (request.ruleset, request.serving)
    if (outlook.change.ruleset, outlook.change.serving) != shown:
        raise Invalid("labels", "rules or model changed since it was asked for", "ask again")
    return outlook
