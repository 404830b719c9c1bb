"""Quarantined tickets back into the queue."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, Engine

from broker.app import make_producer_app
from broker.client import announce
from cli.running.services import Connected
from core.errors import Invalid
from store.decided.decisions import replay_quarantined
from store.engine import transaction
from store.queue.tickets import find


def replay(here: Connected, references: Sequence[str] | None) -> list[UUID]:
    """Forgets the attempts of quarantined tickets and names them to the workers.

    Args:
        here: the database, and Redis for the message.
        references: UUIDs or senders' ids; None for every quarantined ticket.

    Returns:
        Ids of the tickets that wait again; those that were not quarantined are not among them.

    Raises:
        Invalid: a reference is that of no ticket; nothing was replayed then.
        Transient: the database is away.
    """
    ids = None if references is None else [_found(here.engine, ref) for ref in references]
    replayed = transaction(here.engine, lambda c: replay_quarantined(c, ids=ids))
    app = make_producer_app(
        here.services.redis_url, publish_timeout_s=here.settings.publish_timeout_s
    )
    announce(app, replayed, per_message=here.settings.message_tickets)
    return replayed


def _found(engine: Engine, reference: str) -> UUID:
    def look_up(connection: Connection) -> UUID | None:
        return find(connection, reference)

    found = transaction(engine, look_up)
    if found is None:
        raise Invalid("ID", f"{reference} is that of no ticket", "give UUIDs or senders' ids")
    return found
