"""Helpdesks that send nothing are asked what changed; what they tell goes the way of a delivery.

What was read before is read again now and then, by the next process or by another one at the same
time, which changes nothing. Workers find the tickets by looking.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine

from core.errors import PointsmanError, Transient
from core.redaction import Redactor
from core.types import HelpdeskKind
from helpdesks.desk import Access
from helpdesks.kinds import mapping_of
from helpdesks.request_tracker import PER_PAGE, Desk, parse
from helpdesks.taking import take
from store.engine import transaction
from store.helpdesk import helpdesks
from store.helpdesk.helpdesks import Helpdesk

Open = Callable[[Helpdesk], Access]
_OVERLAP = 50  # ids are given before what they stand for is there
_log = structlog.get_logger(__name__)


class Poller:
    """Asks every connection that wants to be asked.

    Args:
        engine: of the database.
        open_: gives access to the API of a connection.
        redact: takes out what must not be stored.
    """

    def __init__(self, engine: Engine, open_: Open, redact: Redactor) -> None:
        self._engine = engine
        self._open = open_
        self._redact = redact
        self._seen: dict[str, set[int]] = {}

    def poll(self) -> int:
        """Asks each once; gives how many tickets were read. One that fails holds up no other.

        Raises:
            Transient: the database is away.
        """
        found = transaction(self._engine, helpdesks.connections)
        asked = [each for each in found if each.kind is HelpdeskKind.REQUEST_TRACKER]
        return sum(self._tried(each) for each in asked if each.active)

    def poll_one(self, desk: Helpdesk) -> int:
        """Asks one; gives how many tickets were read. The first time it only notes where it is.

        Raises:
            Later, Refused, Gone: what went wrong at the helpdesk.
        """
        api = Desk(self._open(desk))
        if desk.polled_to is None:
            self._note(desk, api.newest())
            return 0
        after, read = max(0, desk.polled_to - _OVERLAP), 0
        while page := api.touched(after):
            read += self._take_new(desk, api, page)
            after = page[-1][0]
            self._note(desk, after)
            if len(page) < PER_PAGE:
                break
        return read

    def _take_new(self, desk: Helpdesk, api: Desk, page: list[tuple[int, str]]) -> int:
        """Takes the tickets of what was not read yet, each once."""
        seen = self._seen.setdefault(desk.name, set())
        tickets = dict.fromkeys(ticket for each, ticket in page if each not in seen)
        for ticket in tickets:
            self._take(desk, api, ticket)
        last = page[-1][0]
        kept = {each for each in seen if each > last - 2 * _OVERLAP}
        self._seen[desk.name] = kept | {each for each, _ in page}
        return len(tickets)

    def _tried(self, desk: Helpdesk) -> int:
        try:
            return self.poll_one(desk)
        except PointsmanError as error:
            _log.warning("helpdesk_not_asked", connection=desk.name, cause=str(error))
            return 0

    def _take(self, desk: Helpdesk, api: Desk, ticket: str) -> None:
        mapping, now = mapping_of(desk.kind, desk.mapping), datetime.now(UTC)
        try:
            told = parse(api.payload(ticket), {}, mapping, now)
        except Transient:
            raise
        except Exception as error:  # one ticket that cannot be read holds up no other
            cause = type(error).__name__
            _log.warning("helpdesk_ticket_refused", connection=desk.name, cause=cause)
            return
        transaction(self._engine, lambda c: take(c, desk, told, self._redact))

    def _note(self, desk: Helpdesk, last: int) -> None:
        transaction(self._engine, lambda c: helpdesks.note_poll(c, desk.name, last))
