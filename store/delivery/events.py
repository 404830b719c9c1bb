"""The outbox as a stream of decisions and erasures, in the order of the events' ids.

Ids are UUIDv7, given before their transaction commits; so an event may appear behind one with a
larger id. Whoever reads on therefore begins some seconds before where it was and leaves out what
it has seen. Workers' clocks must not be further apart than that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

_LATE_MS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A decision, or a ticket's end; `payload` is JSON-ready and holds no ticket text."""

    id: UUID
    event: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far somebody has read.

    Attributes:
        start: the smallest id that may still be new.
        seen: the ids from there on that are not.
    """

    start: UUID
    seen: frozenset[UUID] = frozenset()

    def behind(self, found: Sequence[Event]) -> "Place":
        """The place after reading what was found here."""
        if not found:
            return self
        start = max(self.start, late_start(found[-1].id))
        known = self.seen | {event.id for event in found}
        return Place(start=start, seen=frozenset(id_ for id_ in known if id_ >= start))


_FROM = text(
    "SELECT id, event, payload FROM outbox "
    "WHERE id >= :start AND event IN ('ticket.routed', 'ticket.route_failed', 'ticket.erased') "
    "AND id <> ALL(CAST(:seen AS uuid[])) ORDER BY id LIMIT :most"
)


def decisions_from(connection: Connection, place: Place, *, most: int) -> list[Event]:
    """The next announced decisions from a place on, by their ids."""
    values = {"start": place.start, "seen": list(place.seen), "most": most}
    return [Event(**row._mapping) for row in connection.execute(_FROM, values)]


def late_start(id_: UUID) -> UUID:
    """The smallest id of an event that may still appear behind this one."""
    return UUID(int=max(0, (id_.int >> 80) - _LATE_MS) << 80)
