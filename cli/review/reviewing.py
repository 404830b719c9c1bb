"""Taking an item of the review queue, with everything known about its ticket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from cli.review.lines import item_line
from core.types import ReviewOrder
from store.decided.records import ticket_record
from store.engine import transaction
from store.feedback.review import ReviewItem, claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An item that is ours for a while, and the ticket's record as JSON-ready values."""

    item: ReviewItem
    record: Mapping[str, Any]

    @property
    def line(self) -> str:
        """What it is, in one line."""
        return item_line(self.item)


def take(
    engine: Engine, *, agent: str, lease_s: float, order: ReviewOrder, item: int | None
) -> Taken | None:
    """Claims what comes next, or one item; None when it is not there to be had."""

    def work(connection: Connection) -> Taken | None:
        found = claim(connection, agent=agent, lease_s=lease_s, order=order, item=item)
        if found is None:
            return None
        record = ticket_record(connection, found.ticket_id)
        assert record is not None, "the claim has just seen the ticket"
        return Taken(item=found, record=record)

    return transaction(engine, work)
