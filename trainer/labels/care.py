"""The weekly look at the labels: which are missing, and which overlap; a thread of the trainer."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from classifier.artifacts import open_artifact
from classifier.transformer import load_network
from core.errors import PointsmanError
from core.text import model_text
from store.engine import transaction
from store.feedback import route_corrections
from store.figures import stream
from store.figures.stream import Serving
from store.labels import label_reports
from store.labels.label_reports import Found, Unlabelled
from store.rules import taxonomy
from trainer.labels.gaps import gaps
from trainer.labels.overlaps import overlaps

_log = structlog.get_logger(__name__)
_SETS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlan:
    """How labels are looked at.

    Attributes:
        device: that features are computed on.
        threads: torch threads; 0 leaves torch's own choice.
        every: a look is due after this time; none of itself if zero.
        stretch: tickets that arrived within this time are looked at.
        tickets: at most so many of them, the newest.
        least: tickets that make a gap.
        least_corrections: that make an overlap.
    """

    device: str
    threads: int
    every: timedelta
    stretch: timedelta
    tickets: int
    least: int
    least_corrections: int


class LabelCare:
    """Looks by itself when that is due, and at once when it is woken.

    Args:
        engine: the database.
        plan: how.
        interval_s: between two times of asking whether a look is due, in seconds.
        stopping: set when the process should end; a look in hand is not waited for.
    """

    def __init__(
        self, engine: Engine, plan: CarePlan, *, interval_s: float, stopping: threading.Event
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._interval_s = interval_s
        self._stopping = stopping
        self._wanted = threading.Event()

    def start(self) -> None:
        """Begins to look, in a thread that the process does not wait for."""
        threading.Thread(target=self._look_on, name="label care", daemon=True).start()

    def wake(self) -> None:
        """Has it look now, as `trainer.look_at_labels` does."""
        self._wanted.set()

    def _look_on(self) -> None:
        wanted = False
        while not self._stopping.is_set():
            try:
                report = look(self._engine, self._plan, now=wanted)
                _log.debug("labels_looked_at", report=report)
            except PointsmanError as error:
                _log.warning("labels_later", cause=str(error))
            except Exception as error:  # training goes on, whatever a look meets
                _log.error("labels_failed", error=type(error).__name__)
            wanted = self._wanted.wait(self._interval_s)
            self._wanted.clear()


def look(engine: Engine, plan: CarePlan, *, now: bool = False) -> int | None:
    """Looks at the labels if that is due; the report's id, None where there is none.

    Args:
        engine: the database.
        plan: how.
        now: whether to look before it is due.

    Raises:
        ArtifactInvalid: the artifact that serves is incomplete or altered.
        Transient: the database or the device's memory ran out; the look stays due.
        Permanent: the device failed.
    """
    serving, last = transaction(engine, lambda c: (stream.serving(c), label_reports.newest(c)))
    after = None if last is None else last.created_at
    if serving is None or not (now or _is_due(plan, serving, after)):
        return None
    since = serving.now - plan.stretch
    tickets = transaction(
        engine,
        lambda c: label_reports.unlabelled(c, since, serving.now, most=plan.tickets),
    )
    found_gaps = _gaps(engine, plan, serving, tickets)

    def keep(connection: Connection) -> int | None:
        found = Found(
            model_version=serving.version,
            since=since,
            until=serving.now,
            tickets=len(tickets),
            gaps=found_gaps,
            overlaps=_overlaps(connection, plan, serving),
        )
        return label_reports.keep(connection, found, after=after)

    return transaction(engine, keep)


def _is_due(plan: CarePlan, serving: Serving, after: datetime | None) -> bool:
    if not plan.every:
        return False
    return after is None or serving.now - after >= plan.every


def _gaps(
    engine: Engine, plan: CarePlan, serving: Serving, tickets: list[Unlabelled]
) -> list[dict[str, object]]:
    if len(tickets) < 2 * plan.least:
        return []
    network = load_network(open_artifact(serving.path), device=plan.device, threads=plan.threads)
    texts = [model_text(ticket.subject, ticket.body) for ticket in tickets]
    said = transaction(engine, label_reports.said_of)
    found = gaps(
        [ticket.ticket_id for ticket in tickets],
        texts,
        network.features(texts),
        least=plan.least,
        said=said,
    )
    return [gap.as_object() for gap in found]


def _overlaps(connection: Connection, plan: CarePlan, serving: Serving) -> list[dict[str, object]]:
    since = serving.now - plan.stretch
    found = overlaps(
        descriptions={each.name: each.description for each in taxonomy.labels(connection)},
        sets=label_reports.label_sets(connection, since, serving.now, most=_SETS),
        changes=route_corrections.label_changes(connection, most=_SETS),
        least_corrections=plan.least_corrections,
    )
    return [each.as_object() for each in found]
