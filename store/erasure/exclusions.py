"""What was erased stays away: keyed hashes of natural keys and of texts, and questions to them.

A hash is SHA-256 of the installation's secret and of another such hash inside it, the form of HMAC
without its pads (Bellare, Canetti and Krawczyk 1996, NMAC): without the secret nobody can try
guesses. The secret never leaves the database.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

_SECRET = "(SELECT value FROM installation_secret)"  # noqa: S105


def keyed(said: str) -> str:
    """The SQL for the keyed hash of a `bytea` expression; the secret is read once a statement."""
    return f"sha256({_SECRET} || sha256({_SECRET} || {said}))"


def keyed_key(source: str, external_id: str) -> str:
    """The SQL for the keyed hash of a natural key of two `text` expressions."""
    return keyed(
        f"convert_to({source}, 'UTF8') || '\\x00'::bytea || convert_to({external_id}, 'UTF8')"
    )


_TEXTS = text(
    f"SELECT u.m FROM unnest(CAST(:marks AS bytea[])) u(m) WHERE {keyed('u.m')} "
    "IN (SELECT text_hash FROM erased_texts)"
)
_TICKETS = text("SELECT ticket_id FROM erased_tickets WHERE ticket_id = ANY(CAST(:ids AS uuid[]))")
_KEYED = text(f"SELECT u.m, {keyed('u.m')} AS keyed FROM unnest(CAST(:marks AS bytea[])) u(m)")
_ANY = text("SELECT EXISTS (SELECT FROM erased_texts) OR EXISTS (SELECT FROM erased_tickets)")


def is_anything_erased(connection: Connection) -> bool:
    """Whether there is anything to keep away at all."""
    return bool(connection.execute(_ANY).scalar())


def erased_texts(connection: Connection, marks: Iterable[str]) -> set[str]:
    """Those of some texts that were erased; texts as SHA-256 in 64 hex digits."""
    rows = connection.execute(_TEXTS, {"marks": [bytes.fromhex(mark) for mark in marks]})
    return {bytes(mark).hex() for mark in rows.scalars()}


def erased_tickets(connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
    """Those of some tickets that were erased."""
    return set(connection.execute(_TICKETS, {"ids": list(ids)}).scalars())


def keyed_texts(connection: Connection, marks: Iterable[str]) -> Mapping[str, str]:
    """Texts, as SHA-256 in hex, with their keyed hashes in hex."""
    rows = connection.execute(_KEYED, {"marks": [bytes.fromhex(mark) for mark in marks]})
    return {bytes(row.m).hex(): bytes(row.keyed).hex() for row in rows}


def of_erasure(connection: Connection, erasure: UUID) -> tuple[set[str], set[str]]:
    """What one erasure keeps away: ids of tickets, and keyed hashes of texts in hex."""
    values = {"id": erasure}
    tickets = connection.execute(
        text("SELECT ticket_id::text FROM erased_tickets WHERE erasure_id = :id"), values
    )
    texts = connection.execute(
        text("SELECT encode(text_hash, 'hex') FROM erased_texts WHERE erasure_id = :id"), values
    )
    return set(tickets.scalars()), set(texts.scalars())


def sources_of(connection: Connection, external_id: str) -> list[str]:
    """Who sent a ticket under this id, those whose ticket was erased included."""
    rows = connection.execute(
        text(
            "SELECT source FROM ticket_keys WHERE external_id = :id UNION "
            "SELECT t.source FROM erased_tickets e JOIN tickets t ON t.id = e.ticket_id "
            f"WHERE e.key_hash = {keyed_key('t.source', 'CAST(:id AS text)')} ORDER BY 1"
        ),
        {"id": external_id},
    )
    return list(rows.scalars())
