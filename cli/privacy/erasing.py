"""Erasing from the command line: rows first, then the files, if they are in this state folder."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from cli.running.services import Connected
from core.errors import Invalid
from store.engine import transaction
from store.erasure import erasures
from store.erasure.erasure_receipts import receipt
from store.erasure.erasures import OneCustomer, OneTicket, Subject
from store.erasure.exclusions import sources_of
from trainer.privacy.sweep import erase_files


def erase(
    here: Connected, *, ticket: str | None, customer: str | None, source: str | None, by: str
) -> dict[str, Any]:
    """Erases and gives the receipt.

    Args:
        here: the database, and the settings with the state folder.
        ticket: its UUID or its sender's id; None for a customer.
        customer: as tickets name it; None for a ticket.
        source: who sent the ticket, where that is not clear.
        by: who asks.

    Raises:
        Invalid: there is nothing to erase under this name, or several senders use it.
    """
    subject = _subject(here, ticket, customer, source)
    done = erasures.erase(here.engine, subject, by=by)
    erase_files(here.engine, here.settings.state_dir, is_trainer=False)

    def read(connection: Connection) -> dict[str, Any]:
        return receipt(connection, erasures.find(connection, done.id) or done)

    return transaction(here.engine, read)


def receipt_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The receipt in words."""
    yield f"Erasure {told['id']}: {told['tickets']} tickets, by {told['requested_by']}."
    rows = ", ".join(f"{count} {table}" for table, count in told["rows"].items())
    yield f"  rows: {rows}"
    for held in told["files"].get("snapshots", []):
        yield f"  data set {held['snapshot'][:16]}: {held['rows']} rows"
    for saw in told["model_versions"]:
        serves = ", which serves" if saw["active"] else ""
        yield f"  model {saw['version']}{serves} learned from it"
    if told["versions_unknown"]:
        unknown = ", ".join(told["versions_unknown"])
        yield f"  trained from files of their own, so that nobody can tell: {unknown}"
    yield f"Next: {told['advice']}."


def _subject(
    here: Connected, ticket: str | None, customer: str | None, source: str | None
) -> Subject:
    if ticket is None:
        return OneCustomer(customer=customer or "")
    if source is not None:
        return OneTicket(source=source, external_id=ticket)
    if (id_ := _uuid(ticket)) is not None:
        return id_
    found = transaction(here.engine, lambda c: sources_of(c, ticket))
    if len(found) > 1:
        problem = f"is used by several senders: {', '.join(found)}"
        raise Invalid("TICKET", problem, "name one with --source, or give the UUID")
    return OneTicket(source=found[0] if found else "", external_id=ticket)


def _uuid(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
