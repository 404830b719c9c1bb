"""Names and shapes of our messages: tasks, queues, and how tickets are packed into messages."""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from core.errors import Invalid

SUBMIT = "tickets.submit"
ROUTE = "tickets.route"
SWEEP = "maintenance.sweep"
RETRAIN = "trainer.retrain"
CHECK_DRIFT = "trainer.check_drift"
LOOK_AT_LABELS = "trainer.look_at_labels"
DELIVER = "deliveries.send"

TICKETS_QUEUE = "tickets"
MAINTENANCE_QUEUE = "maintenance"
TRAIN_QUEUE = "train"
DELIVERIES_QUEUE = "deliveries"

MAX_TICKETS_PER_MESSAGE = 1_000

REQUEST_ID = "request_id"
"""Header of a message, and name in log lines: the request of the API that it comes from."""
_USABLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

T = TypeVar("T")


def packed(items: Sequence[T], per_message: int) -> Iterator[list[T]]:
    """Cuts a sequence into lists of at most `per_message` items, in order."""
    for start in range(0, len(items), per_message):
        yield list(items[start : start + per_message])


def parse_ids(raw: object) -> list[UUID]:
    """The ticket ids of a `tickets.route` message.

    Raises:
        Invalid: it is not a list of at most 1,000 UUIDs.
    """
    if not isinstance(raw, list) or len(raw) > MAX_TICKETS_PER_MESSAGE:
        raise Invalid("ids", "is not a list of 1,000 or fewer", "send a list of ticket ids")
    try:
        return [UUID(item) for item in raw]
    except (ValueError, AttributeError, TypeError) as error:
        raise Invalid("ids", "holds something that is not a UUID", "send ticket ids") from error


def parse_submission(raw: object) -> list[object]:
    """The still unchecked ticket objects of a `tickets.submit` message.

    Raises:
        Invalid: it is not a list of at most 1,000 entries.
    """
    if not isinstance(raw, list) or len(raw) > MAX_TICKETS_PER_MESSAGE:
        raise Invalid("tickets", "is not a list of 1,000 or fewer", "send a list of tickets")
    return raw


def parse_request_id(raw: object) -> str | None:
    """The request that a message comes from; None where it names none that a log line may hold."""
    return raw if isinstance(raw, str) and _USABLE_ID.fullmatch(raw) else None
