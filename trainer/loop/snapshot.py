"""The data set of a training: base tickets and feedback joined, dealt out, hashed and kept.

A snapshot never changes. Its holdout is frozen: a text that once judged models always does, so
that the figures of all later models can be compared. Shapes: b rows, l labels.
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from classifier.labels import LabelSet
from core.errors import Permanent
from core.text import model_text, text_hash
from core.ticket_json import ticket_object
from core.types import Ticket
from trainer.data.near_duplicates import groups
from trainer.data.split import deal
from trainer.job.workspace import write_whole

HOLDOUT_SHARE = 0.15
NEWEST_SHARE = 0.1
# Fewer new corrections than this teach, all of them, before any of them judges.
MIN_NEWEST = 50
# A group with more rows than this would rule whatever it judges.
MAX_GROUP = 5
DESCRIPTION = "snapshot.json"


class Side(StrEnum):
    """What a row is for: to learn from, to judge every model by, to judge the next one by."""

    TRAIN = "train"
    HOLDOUT = "holdout"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One ticket with the labels that people gave it.

    Attributes:
        ticket_id: ours.
        ticket: with labels.
        at: when the labels were given.
        correction: the feedback that gave them; None for a base ticket.
        incident: the storm that the ticket is part of, if any.
    """

    ticket_id: UUID
    ticket: Ticket
    at: datetime
    correction: UUID | None = None
    incident: int | None = None

    @property
    def text(self) -> str:
        """What a model reads."""
        return model_text(self.ticket.subject, self.ticket.body)

    @property
    def mark(self) -> str:
        """The text's hash, 64 hex digits: by it a row is known in later snapshots."""
        return text_hash(self.text).hex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """A row that is not in a snapshot, and why."""

    ticket_id: UUID
    correction: UUID | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The words for labels at the time of a snapshot.

    Attributes:
        descriptions: label in use to what it is about, for those that a model should serve.
        now: name that was given up to the labels that it means; () where it was retired.
    """

    descriptions: Mapping[str, str] = field(default_factory=dict)
    now: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def retired(self) -> frozenset[str]:
        """Every name that is not in use any more."""
        return frozenset(self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A snapshot before it is written: entries with their sides, by ticket id.

    Attributes:
        names: how labels in what people said were read: those of today, what older names mean.
    """

    entries: tuple[Entry, ...]
    sides: tuple[Side, ...]
    excluded: tuple[Excluded, ...]
    names: Names = Names()

    @property
    def id(self) -> str:
        """SHA-256 over ids, texts, labels, sides and descriptions: equal for equal content."""
        digest = hashlib.sha256(json.dumps(sorted(self.names.descriptions.items())).encode())
        for entry, side in zip(self.entries, self.sides, strict=True):
            labels = sorted(entry.ticket.labels or ())
            line = json.dumps([str(entry.ticket_id), entry.mark, labels, side])
            digest.update(f"{line}\n".encode())
        return digest.hexdigest()

    def of(self, side: Side) -> list[Entry]:
        """The entries of one side."""
        return [entry for entry, mine in zip(self.entries, self.sides, strict=True) if mine is side]

    def summary(self) -> dict[str, Any]:
        """What people and the database are told, JSON-ready; no text."""
        labels = Counter(label for entry in self.entries for label in entry.ticket.labels or ())
        return {
            "rows": len(self.entries),
            "from_feedback": sum(entry.correction is not None for entry in self.entries),
            "sides": dict(Counter(self.sides)),
            "labels": dict(sorted(labels.items())),
            "excluded": dict(Counter(entry.reason for entry in self.excluded)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the snapshot before decided.

    Attributes:
        sides: by `Entry.mark`.
        corrections: ids of the feedback that it dealt out.
    """

    sides: Mapping[str, Side]
    corrections: frozenset[str] = frozenset()

    @property
    def judging(self) -> frozenset[str]:
        """Marks of the rows that teach nothing."""
        return frozenset(mark for mark, side in self.sides.items() if side is not Side.TRAIN)


def join(
    base: Iterable[Entry], feedback: Iterable[Entry], held: Mapping[UUID, str]
) -> tuple[list[Entry], list[Excluded]]:
    """Base tickets with feedback in place of what it corrects, by ticket id.

    Args:
        base: imported tickets.
        feedback: one entry a ticket.
        held: corrections that may not teach, with why.

    Returns:
        The rows, and what was left out: held corrections, base tickets whose very text somebody
        corrected elsewhere, and tickets without text.
    """
    given = list(feedback)
    rows = {entry.ticket_id: entry for entry in given if entry.correction not in held}
    corrected = {entry.mark for entry in rows.values()}
    excluded = [
        _excluded(entry, held[entry.correction])
        for entry in given
        if entry.correction is not None and entry.correction in held
    ]
    for entry in base:
        if entry.mark not in corrected:
            rows.setdefault(entry.ticket_id, entry)
        elif entry.ticket_id not in rows:
            excluded.append(_excluded(entry, "the same text was corrected"))
    excluded += [_excluded(entry, "has no text") for entry in rows.values() if not entry.text]
    kept = (entry for entry in rows.values() if entry.text)
    return sorted(kept, key=lambda entry: entry.ticket_id), excluded


def draft(
    entries: Sequence[Entry],
    excluded: Sequence[Excluded],
    *,
    known: Known,
    seed: int,
) -> Draft:
    """Deals entries out to the sides.

    Rows of one customer, near duplicates and tickets of one incident stay together. What an
    earlier snapshot knew keeps its side, but new feedback takes its group with it: it is there to
    teach. Once there is much of it, the newest judges, the next model as its newest slice and later
    ones as holdout. So the holdout of a run holds nothing that the same run could have been misled
    by. Of new base tickets a stratified share becomes holdout.

    Args:
        entries: from `join`.
        excluded: from `join`.
        known: from the snapshot before.
        seed: of the dealing.
    """
    grouped = groups([entry.text for entry in entries], [_keys(entry) for entry in entries])
    fresh = [row for row, entry in enumerate(entries) if _is_fresh(entry, known)]
    freed = {int(grouped[row]) for row in fresh}
    sides = _inherited(entries, grouped, known.sides, freed)
    newest = _newest_groups(entries, grouped, fresh)
    for row, group in enumerate(grouped.tolist()):
        if group in newest:
            sides[row] = Side.NEWEST
        elif group in freed:
            sides[row] = Side.TRAIN
    dealt = _deal([row for row, side in enumerate(sides) if side is None], entries, grouped, seed)
    final = [dealt.get(row, Side.TRAIN) if side is None else side for row, side in enumerate(sides)]
    return Draft(entries=tuple(entries), sides=tuple(final), excluded=tuple(excluded))


def write(made: Draft, folder: Path) -> Path:
    """Writes a snapshot into `FOLDER/<id>`, whole or not at all; one that is there stays.

    Raises:
        Permanent: there is no row to learn from.
    """
    if not made.of(Side.TRAIN):
        raise Permanent("no labelled ticket to learn from: import some, or correct some")
    place = folder / made.id
    if not (place / DESCRIPTION).is_file():
        place.mkdir(parents=True, exist_ok=True)
        for side in Side:
            write_whole(rows_file(place, side), _packed(made.of(side)))
        write_whole(place / DESCRIPTION, _description(made).encode())
    return place


def rows_file(place: Path, side: Side) -> Path:
    """The tickets of one side, as `pointsman train --data` reads them."""
    return place / f"{side}.jsonl.gz"


def read_known(place: Path) -> Known:
    """What a snapshot decided; rows that were its newest belong to the holdout from now on."""
    said = json.loads((place / DESCRIPTION).read_text(encoding="utf-8"))
    later = {Side.NEWEST: Side.HOLDOUT}
    sides = {mark: later.get(Side(side), Side(side)) for mark, side in said["sides"].items()}
    return Known(sides=sides, corrections=frozenset(said["corrections"]))


def read_names(place: Path) -> Names:
    """The words for labels that a snapshot was made with."""
    said = json.loads((place / DESCRIPTION).read_text(encoding="utf-8"))
    return Names(**said.get("names", {}))


def _excluded(entry: Entry, reason: str) -> Excluded:
    return Excluded(ticket_id=entry.ticket_id, correction=entry.correction, reason=reason)


def _keys(entry: Entry) -> list[tuple[str, Hashable]]:
    ties = [("customer", entry.ticket.customer or None), ("incident", entry.incident)]
    return [(kind, value) for kind, value in ties if value is not None]


def _is_fresh(entry: Entry, known: Known) -> bool:
    return entry.correction is not None and str(entry.correction) not in known.corrections


def _inherited(
    entries: Sequence[Entry],
    grouped: NDArray[np.int64],
    known: Mapping[str, Side],
    freed: Set[int],
) -> list[Side | None]:
    """Each row's side by its own text, or else by that of its group's first known row."""
    own = [known.get(entry.mark) for entry in entries]
    of_group: dict[int, Side] = {}
    for group, side in zip(grouped.tolist(), own, strict=True):
        if side is not None:
            of_group.setdefault(group, side)
    return [
        None if group in freed else of_group.get(group) if side is None else side
        for group, side in zip(grouped.tolist(), own, strict=True)
    ]


def _newest_groups(
    entries: Sequence[Entry], grouped: NDArray[np.int64], fresh: Sequence[int]
) -> set[int]:
    """Groups of the newest among new feedback, when there is enough of it to spare some."""
    if len(fresh) < MIN_NEWEST:
        return set()
    ordered = sorted(fresh, key=lambda row: (entries[row].at, row))
    newest = ordered[-round(len(ordered) * NEWEST_SHARE) :]
    sizes = Counter(grouped.tolist())
    return {int(grouped[row]) for row in newest if sizes[int(grouped[row])] <= MAX_GROUP}


def _deal(
    rows: Sequence[int], entries: Sequence[Entry], grouped: NDArray[np.int64], seed: int
) -> dict[int, Side]:
    """Holdout and training rows by multilabel stratification of the small groups."""
    sizes = Counter(grouped.tolist())
    small = [row for row in rows if sizes[int(grouped[row])] <= MAX_GROUP]
    names = [tuple(entries[row].ticket.labels or ()) for row in small]
    labels = tuple(sorted({name for row in names for name in row}))
    if not small or not labels:
        return {}
    truth = LabelSet(labels).binarise(names)
    _, holdout = deal(grouped[small], truth, (1 - HOLDOUT_SHARE, HOLDOUT_SHARE), seed)
    return {small[place]: Side.HOLDOUT for place in holdout}


def _packed(entries: Iterable[Entry]) -> bytes:
    tickets = (replace(entry.ticket, id=str(entry.ticket_id)) for entry in entries)
    lines = (json.dumps(ticket_object(ticket), ensure_ascii=False) for ticket in tickets)
    content = "".join(f"{line}\n" for line in lines).encode()
    return gzip.compress(content, mtime=0)  # the time would make equal content differ


def _description(made: Draft) -> str:
    marks = {entry.mark: side for entry, side in zip(made.entries, made.sides, strict=True)}
    excluded = [
        {
            "ticket": str(entry.ticket_id),
            "correction": None if entry.correction is None else str(entry.correction),
            "reason": entry.reason,
        }
        for entry in made.excluded
    ]
    return json.dumps(
        {
            "id": made.id,
            "made_at": datetime.now(UTC).isoformat(),
            "summary": made.summary(),
            "names": asdict(made.names),
            "excluded": excluded,
            "sides": marks,
            "corrections": [str(e.correction) for e in made.entries if e.correction is not None],
        },
        indent=1,
    )
