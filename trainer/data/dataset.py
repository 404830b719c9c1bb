"""Labelled tickets as the trainer sees them: texts, label names, and what was wrong in the file."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from core.errors import Invalid
from core.learning import MIN_POSITIVES
from core.text import model_text
from core.ticket_files import Line, read_tickets
from core.types import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A line that was left out, by its number from 1, and why; never quotes the ticket."""

    line: int
    cause: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Rows in the order of the file; an empty tuple of labels says that none fits.

    Attributes:
        texts: as `core.text.model_text` gives them, never empty.
        labels: names a row, sorted.
        problems: lines that are not in here.
        tickets: the rows as they were read; () where there are only texts.
    """

    texts: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    problems: tuple[Problem, ...] = ()
    tickets: tuple[Ticket, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over texts and labels in order; ids play no part."""
        digest = hashlib.sha256()
        for text, names in zip(self.texts, self.labels, strict=True):
            digest.update(json.dumps([text, names], ensure_ascii=False).encode())
            digest.update(b"\n")
        return digest.hexdigest()

    def tickets_of(self, texts: Sequence[str]) -> list[Ticket]:
        """The first ticket with each of these texts, which must be among those that were read."""
        first = dict(zip(reversed(self.texts), reversed(self.tickets), strict=True))
        return [first[text] for text in texts]

    def positives(self) -> Counter[str]:
        """In how many different texts each label occurs."""
        pairs = {
            (text, name)
            for text, names in zip(self.texts, self.labels, strict=True)
            for name in names
        }
        return Counter(name for _, name in pairs)

    def only(self, names: Sequence[str]) -> "Dataset":
        """The same rows with no label but these."""
        kept = frozenset(names)
        labels = tuple(tuple(name for name in row if name in kept) for row in self.labels)
        return replace(self, labels=labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCensus:
    """Which labels can be learned.

    Attributes:
        kept: sorted by code point: the label order of the model.
        excluded: label to the number of further positives that it needs.
    """

    kept: tuple[str, ...]
    excluded: dict[str, int]


def read_dataset(path: Path) -> Dataset:
    """Reads a labelled ticket file; unknown columns are ignored, bad lines kept as problems.

    Raises:
        Invalid: the file cannot be read, or no line in it can be learned from.
    """
    tickets: list[Ticket] = []
    problems: list[Problem] = []
    for line in read_tickets(path, ignore_unknown=True):
        cause = _unusable(line)
        if cause or line.ticket is None:
            problems.append(Problem(line=line.number, cause=cause))
            continue
        tickets.append(line.ticket)
    if not tickets:
        raise _nothing(path, problems)
    return Dataset(
        texts=tuple(_text(ticket) for ticket in tickets),
        labels=tuple(tuple(sorted(ticket.labels or ())) for ticket in tickets),
        problems=tuple(problems),
        tickets=tuple(tickets),
    )


def census(
    dataset: Dataset, minimum: int = MIN_POSITIVES, described: Iterable[str] = ()
) -> LabelCensus:
    """Splits labels into those with enough positives and the others.

    Args:
        dataset: rows with labels.
        minimum: positives that are enough; 0 keeps every label.
        described: labels that there are whether a row has them or not.

    Raises:
        Invalid: no label has enough.
    """
    found = dict.fromkeys(described, 0) | dataset.positives()
    kept = tuple(sorted(name for name, count in found.items() if count >= minimum))
    if not kept:
        fix = f"label at least {minimum} different tickets with each label"
        raise Invalid("labels", "none has enough tickets to learn from", fix)
    excluded = {name: minimum - n for name, n in sorted(found.items()) if n < minimum}
    return LabelCensus(kept=kept, excluded=excluded)


def describe_problems(problems: Sequence[Problem], shown: int = 5) -> Iterator[str]:
    """Some lines for people: the first problems, then how many more there are."""
    for problem in problems[:shown]:
        yield f"line {problem.line} left out: {problem.cause}"
    if len(problems) > shown:
        yield f"{len(problems) - shown} more lines left out"


def _unusable(line: Line) -> str:
    """Why a line cannot be learned from; empty when it can."""
    if line.ticket is None:
        return str(line.error)
    if line.ticket.labels is None:
        return "labels: is missing; add the list of labels, empty if none fits"
    return "" if _text(line.ticket) else "body: has no text; leave the ticket out"


def _text(ticket: Ticket) -> str:
    return model_text(ticket.subject, ticket.body)


def _nothing(path: Path, problems: Sequence[Problem]) -> Invalid:
    first = f" (line {problems[0].line}: {problems[0].cause})" if problems else ""
    return Invalid(path.name, f"holds no labelled ticket{first}", "send JSON lines with labels")
