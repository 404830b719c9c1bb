"""By when a ticket should be decided: what orders the claims of workers.

Earliest due first (Liu and Layland, 1973, call it deadline driven): whoever waits long enough
becomes the most urgent, so nothing starves, however many urgent tickets come.
"""

from datetime import datetime, timedelta

from core.types import Ticket

_ORDINARY = timedelta(minutes=15)

# How much later a ticket may come and still go first: a backlog of minutes is normal after an
# outage, one of an hour is not, and nobody should wait longer than that behind later tickets.
# The words are those that helpdesks send; an unknown one is ordinary.
ALLOWANCES = {
    "urgent": timedelta(minutes=1),
    "critical": timedelta(minutes=1),
    "high": timedelta(minutes=5),
    "low": timedelta(minutes=60),
}
LONGEST = max(ALLOWANCES.values())
"""What a ticket gets that has its decision and waits for another: it lets all others go first."""


def due_at(ticket: Ticket, *, received_at: datetime) -> datetime:
    """The earlier of its deadline and an allowance by its priority, never before it was received.

    A deadline that is over counts as now, so that no sender overtakes by asking for yesterday.

    Args:
        ticket: its `deadline` and `priority` (in any case) count.
        received_at: aware; on the database's clock.
    """
    allowance = ALLOWANCES.get((ticket.priority or "").strip().lower(), _ORDINARY)
    due = received_at + allowance
    return due if ticket.deadline is None else max(received_at, min(due, ticket.deadline))
