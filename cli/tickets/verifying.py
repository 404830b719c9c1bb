"""Decisions made again from their records."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from core.errors import Invalid
from router.history import Replay, replayed
from store.engine import transaction
from store.queue.tickets import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of one ticket's decision; `reference` is how it was named."""

    reference: str
    replay: Replay

    @property
    def words(self) -> str:
        """For people."""
        if self.replay.missing is not None:
            return f"cannot be made again without {self.replay.missing}"
        different = ", ".join(self.replay.differences)
        return f"differs in {different}" if different else "the same"

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.reference,
            "same": self.replay.is_same,
            "differences": list(self.replay.differences),
            "missing": self.replay.missing,
        }


def verify(engine: Engine, references: Sequence[str]) -> list[Verified]:
    """The standing decisions of tickets, each made again from its record.

    Args:
        engine: the database.
        references: UUIDs or senders' ids.

    Raises:
        Invalid: a reference is that of no ticket.
    """
    return [transaction(engine, partial(_verified, reference=each)) for each in references]


def _verified(connection: Connection, reference: str) -> Verified:
    found = find(connection, reference)
    if found is None:
        raise Invalid("ID", f"{reference} is that of no ticket", "give UUIDs or senders' ids")
    replay = replayed(connection, found)
    return Verified(reference=reference, replay=replay or Replay(missing="a decision by rules"))
