"""Files of tickets into the database: every good line goes in, every bad one is named."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from broker.app import make_producer_app
from broker.client import announce
from cli.running.services import Connected
from cli.tickets.batches import in_batches
from core.errors import Invalid, Transient
from core.redaction import redactor
from core.ticket_files import Line, read_tickets
from core.types import Ticket
from store.decided.records import DecidedTicket, decisions_of
from store.engine import transaction
from store.queue.tickets import Accepted, Outcome, accept
from store.queue.workers import workers

_BATCH = 500
_MOST_LISTED = 1_000
_POLL_S = 0.1
_STALLED_AFTER_S = 120
_NO_WORKER_AFTER_S = 20

Store = Callable[[Connection, Sequence[Ticket]], list[Accepted]]
Report = Callable[[int, Invalid], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One line that did not go in."""

    line: int
    field: str
    problem: str
    fix: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of a file's lines.

    Attributes:
        ids: of the tickets, in the order of the file; one that was there already has its old id.
        outcomes: how many of them were created, revised, duplicates, or erased before.
        refused: how many lines were not tickets.
        errors: the first 1,000 of these.
    """

    ids: list[UUID] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    refused: int = 0
    errors: list[Refused] = field(default_factory=list)

    def refuse(self, line: int, error: Invalid) -> None:
        """Counts one bad line."""
        self.refused += 1
        if len(self.errors) < _MOST_LISTED:
            self.errors.append(
                Refused(line=line, field=error.field, problem=error.problem, fix=error.fix)
            )

    def as_object(self) -> dict[str, Any]:
        """JSON-ready: `created`, `revised`, `duplicate`, `erased`, `refused`, `errors`."""
        counts = {str(outcome): self.outcomes[outcome] for outcome in Outcome}
        return {
            **counts,
            "refused": self.refused,
            "errors": [asdict(error) for error in self.errors],
        }


def send_file(here: Connected, path: Path, *, source: str, report: Report) -> Tally:
    """Stores a file's tickets to be routed and names them to the workers, batch by batch.

    Args:
        here: the database; and Redis, without which nothing is lost.
        path: a ticket file; unknown fields are refused.
        source: who sends them.
        report: is told each bad line as it is met.

    Raises:
        Invalid: the file cannot be opened.
        Transient: the database is away; sending the file again adds what is missing.
    """
    announcer = make_producer_app(
        here.services.redis_url, publish_timeout_s=here.settings.publish_timeout_s
    )
    store = partial(accept, source=source, redact=redactor(here.settings))
    tally = Tally()
    for accepted in _store_lines(read_tickets(path), here.engine, store, tally, report):
        told = (Outcome.CREATED, Outcome.REVISED)
        ids = [entry.id for entry in accepted if entry.outcome in told]
        announce(announcer, ids, per_message=here.settings.message_tickets)
    return tally


def wait_for_decisions(engine: Engine, ids: Sequence[UUID]) -> Iterator[DecidedTicket]:
    """The decisions of these tickets, as they are made.

    Raises:
        Transient: nothing was decided for two minutes, or for twenty seconds without any worker.
    """
    left, last = set(ids), time.monotonic()
    while left:
        decided = _decided(engine, list(left))
        yield from decided
        left -= {ticket.id for ticket in decided}
        if decided:
            last = time.monotonic()
            continue
        _complain_if_stalled(engine, len(left), time.monotonic() - last)
        time.sleep(_POLL_S)


def _complain_if_stalled(engine: Engine, waiting: int, idle_s: float) -> None:
    if idle_s > _STALLED_AFTER_S:
        raise Transient(f"{waiting} tickets wait and nothing was decided for two minutes")
    if idle_s > _NO_WORKER_AFTER_S and not any(w.alive for w in transaction(engine, workers)):
        raise Transient(f"no worker runs and {waiting} tickets wait; start `pointsman up`")


def _store_lines(
    lines: Iterator[Line], engine: Engine, store: Store, tally: Tally, report: Report
) -> Iterator[list[Accepted]]:
    for batch in in_batches(_good(lines, tally, report), _BATCH):
        accepted = _stored(engine, store, batch)
        tally.ids += [entry.id for entry in accepted if entry.outcome is not Outcome.ERASED]
        tally.outcomes.update(entry.outcome for entry in accepted)
        yield accepted


def _stored(engine: Engine, store: Store, batch: Sequence[Ticket]) -> list[Accepted]:
    return transaction(engine, lambda c: store(c, batch))


def _decided(engine: Engine, ids: Sequence[UUID]) -> list[DecidedTicket]:
    return transaction(engine, lambda c: decisions_of(c, ids))


def _good(lines: Iterator[Line], tally: Tally, report: Report) -> Iterator[Ticket]:
    for line in lines:
        if line.ticket is not None:
            yield line.ticket
        elif line.error is not None:
            tally.refuse(line.number, line.error)
            report(line.number, line.error)
