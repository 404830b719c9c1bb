"""What the relay hands to a receiver, and what it hears back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID


class Status(StrEnum):
    """What became of one try.

    It arrived; try again later; nobody is there any more, ever; it will never be taken.
    """

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event of the outbox on its way; the id is the same at every try."""

    id: UUID
    event: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a receiver said.

    Attributes:
        status: what became of it.
        note: for the log of deliveries; never ticket text.
        http_status: of the answer, if there was one.
        retry_after_s: the receiver's own wish, in seconds; None leaves it to the schedule.
        answer: the beginning of what it said, without control characters, for the log.
    """

    status: Status
    note: str = ""
    http_status: int | None = None
    retry_after_s: float | None = None
    answer: str = ""


class Receiver(Protocol):
    """Where events go."""

    def send(self, delivery: Delivery) -> Outcome:
        """Tries once. It never raises for what a receiver does."""
