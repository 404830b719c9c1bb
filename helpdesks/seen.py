"""What helpdesks tell, in our words: one snapshot of a ticket, an agent's word, or nothing for us.

Nothing here depends on which helpdesk it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.errors import PointsmanError
from core.types import Ticket


class Unverified(PointsmanError):
    """A delivery that did not come from who it says; the message tells an admin why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A delivery before anybody trusts it.

    Attributes:
        headers: by name in lower case.
        body: the bytes as they were sent.
        now: aware; by our clock.
        tolerance_s: how far its clock may be from ours, in seconds.
    """

    headers: Mapping[str, str]
    body: bytes
    now: datetime
    tolerance_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a ticket lies: None for what was not told, "" for no team, () for no tags."""

    team: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A snapshot of a ticket.

    Attributes:
        external_id: the helpdesk's id of the ticket.
        at: when it was so, by the helpdesk's clock.
        content: what its customer said; None where the snapshot does not tell.
        said_at: when that was written; of several messages the first is the ticket.
        place: where it lies.
        actor: id of who changed it last, if told.
        agent: their name, if told.
        delivery_id: the same at each try of the same delivery, if there is one.
        missing: fields that the mapping found nothing for.
    """

    external_id: str
    at: datetime
    content: Ticket | None
    said_at: datetime | None
    place: Place
    actor: str | None = None
    agent: str | None = None
    delivery_id: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What an agent said of a decision in so many words.

    `labels` and `department` are None where nothing was said of them.
    """

    external_id: str
    agent: str
    labels: tuple[str, ...] | None
    department: str | None
    at: datetime
    delivery_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotForUs:
    """A genuine delivery that says nothing of use, and why."""

    reason: str
    delivery_id: str | None = None


Told = Seen | Corrected | NotForUs
