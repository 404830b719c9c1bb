"""Storms: tickets that say nearly the same within minutes are one incident.

Every ticket is stored and decided as ever. What each says is left as a sketch; one worker at a
time looks for crowds among them, and flags each once. From then on a ticket like them is part of
the incident as it is decided: it goes to the incident's department and is no new work for
reviewers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog
from sqlalchemy import Connection, Engine

from core.errors import PointsmanError
from core.types import ReviewReason, TicketState
from router.decide import follow
from store.decided import incidents, storms
from store.decided.decisions import Finished
from store.decided.storms import Sketched, Storm
from store.engine import transaction
from store.feedback.review_items import Wanted
from worker.counters import Counters
from worker.sketches import alike, crowds, sketches, stacked

_log = structlog.get_logger(__name__)
SKETCHES_LOOKED_AT = 10_000
"""The newest; of more tickets within the window a storm must be dense to be seen."""
_SKETCHES_KEPT_S = 3_600
_CROWDS_LOOKED_AT = 20
_OPEN_KNOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class StormPlan:
    """When tickets are a storm.

    Attributes:
        tickets: so many at least; 0 for never.
        window_s: arrive within so many seconds.
        similarity: from which two are alike, in [0, 1].
        quiet_s: an incident that none joins for so many seconds ends.
    """

    tickets: int
    window_s: float
    similarity: float
    quiet_s: float


class Storms:
    """One worker's eyes for storms.

    Args:
        engine: the database.
        plan: when tickets are a storm.
        counters: what to count into.
    """

    def __init__(self, engine: Engine, plan: StormPlan, counters: Counters) -> None:
        self._engine = engine
        self._plan = plan
        self._count = counters
        self._open: Sequence[Storm] = ()
        self._seen: tuple[int, int | None] | None = None

    def look(self) -> None:
        """Finds storms unless another worker is at it, and learns of those that are open."""
        if not self._plan.tickets:
            return
        try:
            self._open, self._seen = transaction(self._engine, self._round)
        except PointsmanError as error:  # the database is away; the next round looks again
            _log.warning("cannot_look_for_storms", cause=type(error).__name__)
        except Exception as error:  # tickets are decided without a look at the others
            _log.error("cannot_look_for_storms", cause=type(error).__name__)

    def follow(self, finished: Sequence[Finished], texts: Sequence[str]) -> list[Finished]:
        """Decisions with what each says, those of an open incident made part of it.

        Args:
            finished: decisions.
            texts: what the scorer read of each.
        """
        if not self._plan.tickets:
            return list(finished)
        said = sketches(texts)
        likes = self._likes(self._open, said)
        made = [_of(*each) for each in zip(finished, said, likes, strict=True)]
        self._count.add(tickets_of_incidents=sum(entry.incident is not None for entry in made))
        return made

    def _likes(self, known: Sequence[Storm], said: Sequence[bytes | None]) -> list[Storm | None]:
        """The open incident most like each of b sketches, if any is like it."""
        there = [sketch for sketch in said if sketch is not None]
        if not known or not there:
            return [None] * len(said)
        many, middles = stacked(there), stacked([storm.sketch for storm in known])
        likeness = np.stack([alike(many, middle) for middle in middles])  # (k, b)
        enough = likeness.max(axis=0) >= self._plan.similarity
        best = zip(likeness.argmax(axis=0), enough, strict=True)
        found = (known[place] if is_like else None for place, is_like in best)
        return [None if sketch is None else next(found) for sketch in said]

    def _round(self, connection: Connection) -> tuple[list[Storm], tuple[int, int | None] | None]:
        if not storms.is_mine(connection):
            return storms.open_storms(connection, most=_OPEN_KNOWN), self._seen
        mark = storms.mark(connection)
        if mark != self._seen:
            loose = storms.loose(connection, most=SKETCHES_LOOKED_AT)
            self._flag(connection, self._take_up(connection, loose))
        for ended in incidents.close_quiet(connection, quiet_s=self._plan.quiet_s):
            _log.info("incident_closed", incident=ended)
        storms.forget(connection, kept_s=_SKETCHES_KEPT_S, most=SKETCHES_LOOKED_AT)
        return storms.open_storms(connection, most=_OPEN_KNOWN), mark

    def _take_up(self, connection: Connection, loose: Sequence[Sketched]) -> list[Sketched]:
        """Makes tickets that were decided before their incident was known part of it."""
        known = storms.open_storms(connection, most=_OPEN_KNOWN)
        likes = self._likes(known, [each.sketch for each in loose])
        pairs = list(zip(loose, likes, strict=True))
        late = [(each.ticket_id, storm.incident) for each, storm in pairs if storm is not None]
        if late:
            storms.join(connection, late)
            storms.spare(connection, [ticket for ticket, _ in late])
        return [each for each, storm in pairs if storm is None]

    def _flag(self, connection: Connection, loose: Sequence[Sketched]) -> None:
        if len(loose) < self._plan.tickets:
            return
        many = stacked([each.sketch for each in loose])
        for middle, rows in crowds(many, self._plan.similarity, most=_CROWDS_LOOKED_AT):
            members = [loose[row] for row in rows]
            if is_storm([member.arrived for member in members], self._plan):
                ids = [member.ticket_id for member in members]
                flagged = storms.flag(connection, ids, loose[middle].sketch)
                _log.warning("incident_opened", incident=flagged, tickets=len(ids))


def is_storm(arrived: Sequence[float], plan: StormPlan) -> bool:
    """Whether so many tickets that are alike arrived within the window; moments in seconds."""
    at = sorted(arrived)
    spans = (last - first for first, last in zip(at, at[plan.tickets - 1 :], strict=False))
    return any(span <= plan.window_s for span in spans)


def _of(entry: Finished, sketch: bytes | None, storm: Storm | None) -> Finished:
    if entry.state is TicketState.QUARANTINED:
        return entry
    if storm is None:
        return replace(entry, sketch=sketch)
    routing = entry.decision.routing
    if storms.policy(entry.decision.versions) in storm.policies:  # what is newer is meant for it
        routing = follow(routing, storm.department)
    return replace(
        entry,
        decision=replace(entry.decision, routing=routing),
        incident=storm.incident,
        review=_if_drawn(entry.review),
    )


def _if_drawn(wanted: Wanted | None) -> Wanted | None:
    """What chance drew is looked at, storm or not: else the audit would be no sample of all."""
    if wanted is None or ReviewReason.AUDIT not in wanted.reasons:
        return None
    return replace(wanted, reasons=(ReviewReason.AUDIT,))
