"""Ticket files as windows take them: texts, and labels where every ticket has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.labels import LabelSet
from core.errors import Invalid
from core.text import model_text
from core.ticket_files import Line, read_tickets
from core.types import Ticket


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TicketFile:
    """The tickets of one file, in its order.

    Attributes:
        texts: as `core.text.model_text` gives them.
        labels: names a ticket; None unless every ticket has a list of them.
        refused_lines: lines that are no tickets.
    """

    name: str
    texts: Sequence[str]
    labels: Sequence[Sequence[str]] | None
    refused_lines: int

    def truth(self, labels: tuple[str, ...]) -> NDArray[np.uint8] | None:
        """0 and 1, shape (b, l); labels that are not among these are left out."""
        if self.labels is None:
            return None
        known = frozenset(labels)
        return LabelSet(labels).binarise([known.intersection(names) for names in self.labels])


def read_ticket_file(path: Path) -> TicketFile:
    """Reads a `.jsonl` or `.jsonl.gz` file, labelled or not.

    Raises:
        Invalid: the file cannot be read, or holds no ticket.
    """
    lines = list(read_tickets(path, ignore_unknown=True))
    tickets = [line.ticket for line in lines if line.ticket is not None]
    if not tickets:
        raise _nothing(path, lines)
    return TicketFile(
        name=path.name,
        texts=[model_text(ticket.subject, ticket.body) for ticket in tickets],
        labels=_labels(tickets),
        refused_lines=len(lines) - len(tickets),
    )


def _labels(tickets: Sequence[Ticket]) -> list[Sequence[str]] | None:
    labels = [ticket.labels for ticket in tickets if ticket.labels is not None]
    return list(labels) if len(labels) == len(tickets) else None


def _nothing(path: Path, lines: Sequence[Line]) -> Invalid:
    first = f" (line {lines[0].number}: {lines[0].error})" if lines else ""
    return Invalid(path.name, f"holds no ticket{first}", "send a JSON object a line")
