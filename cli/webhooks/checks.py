"""What was given on a command line about webhooks."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from core.errors import Invalid
from core.events import WANTABLE
from store.delivery import webhook_endpoints
from store.delivery.deliveries import DeliveryState
from store.delivery.webhook_endpoints import Endpoint

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def known(connection: Connection, id_: int) -> Endpoint:
    """One endpoint, locked against changes until the transaction ends.

    Raises:
        Invalid: there is none.
    """
    found = webhook_endpoints.endpoint(connection, id_)
    if found is None:
        raise Invalid("ID", f"{id_} is no endpoint", "see `pointsman webhooks list`")
    return found


def known_events(given: Sequence[str]) -> tuple[str, ...]:
    """The events, each once.

    Raises:
        Invalid: one is none that an endpoint can ask for.
    """
    if unknown := next((event for event in given if event not in WANTABLE), None):
        raise Invalid("--event", f"{unknown!r} is none", f"take of {', '.join(WANTABLE)}")
    return tuple(dict.fromkeys(given))


def known_state(given: str | None) -> DeliveryState | None:
    """The state; None where none was given.

    Raises:
        Invalid: it is none.
    """
    if given is None:
        return None
    try:
        return DeliveryState(given)
    except ValueError as error:
        fix = f"take one of {', '.join(DeliveryState)}"
        raise Invalid("--state", f"{given!r} is none", fix) from error


def moment(given: str | None) -> datetime:
    """The moment; the beginning of time where none was given.

    Raises:
        Invalid: it is no date and time with a zone.
    """
    if given is None:
        return _BEGINNING
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = _BEGINNING.replace(tzinfo=None)
    if found.tzinfo is None:
        fix = "give one such as 2026-03-01T09:30:00Z"
        raise Invalid("--since", "is no date and time with a zone", fix)
    return found
