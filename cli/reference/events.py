"""docs/reference/events.md: every event that the outbox carries."""

from cli.reference.tables import code, table
from core.events import TOLD

_HEAD = """\
# Events

What Pointsman says of what happened: in the outbox, in [webhooks](../webhooks.md), and for
decisions in `GET /v1/stream`. An event is written in the transaction of what it tells, so that
there is never one without the other.

"""


def events_page() -> str:
    """The page."""
    return _HEAD + table(("event", "tells"), [(code(name), told) for name, told in TOLD.items()])
