"""A storm teaches as a few tickets do: its tickets say nearly the same.

Five hundred of them would rule what is learned of their labels, and judge it by themselves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Engine

from store.decided import incidents
from store.engine import transaction
from trainer.loop.snapshot import Entry, Excluded, Known


def thinned(
    engine: Engine, entries: Sequence[Entry], known: Known, *, most: int
) -> tuple[list[Entry], list[Excluded]]:
    """Rows with the incident of each, and of each incident the first few tickets.

    What judges stays, it teaches nothing.

    Args:
        engine: the database.
        entries: by ticket id, and so in the order of their arrival.
        known: from the snapshot before.
        most: so many of one incident may teach.

    Returns:
        The rows, and what is left out of them.
    """
    ids = [entry.ticket_id for entry in entries]
    incident_of = transaction(engine, lambda c: incidents.of_tickets(c, ids))
    judging = known.judging
    kept, excluded, taught = list[Entry](), list[Excluded](), Counter[int]()
    for entry in entries:
        incident = incident_of.get(entry.ticket_id)
        if incident is not None and entry.mark not in judging:
            taught[incident] += 1
            if taught[incident] > most:
                excluded.append(_excluded(entry, most))
                continue
        kept.append(replace(entry, incident=incident))
    return kept, excluded


def _excluded(entry: Entry, most: int) -> Excluded:
    reason = f"over {most} tickets of one incident"
    return Excluded(ticket_id=entry.ticket_id, correction=entry.correction, reason=reason)
