"""Events, written in the transaction of what they tell; a trigger makes their deliveries."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from core.events import EventName
from store.bulk import copy_rows

COLUMNS = ("id", "event", "ticket_id", "revision", "payload")


def tell(
    connection: Connection,
    event: EventName,
    payload: Mapping[str, Any],
    *,
    ticket_id: UUID | None = None,
    revision: int | None = None,
) -> UUID:
    """Appends one event; the payload is JSON-ready and holds no ticket text. Gives its id."""
    id_ = uuid7()
    told = json.dumps(dict(payload), ensure_ascii=False)
    copy_rows(connection, "outbox", COLUMNS, [(id_, event, ticket_id, revision, told)])
    return id_
