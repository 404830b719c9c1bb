"""What was erased leaves the data sets on disk; a tombstone in its place tells what was there.

A tombstone is a line with the ticket's id, its labels and the keyed hash of its text, by which the
installation knows the text again and nobody else can guess it. The name of the data set stays: it
is the hash of what it was made of. First the rows are rewritten, then the description, each whole
or not at all; whoever is killed between finds the rest to do the next time.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from core.text import model_text, text_hash
from core.ticket_files import is_tombstone
from store.engine import transaction
from store.erasure import exclusions
from trainer.job.workspace import write_whole
from trainer.loop.snapshot import DESCRIPTION, Side, rows_file

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """A row that is gone: its ticket, and the keyed hash of its text in hex."""

    ticket_id: str
    text: str


def erase_from(engine: Engine, place: Path, *, before: UUID | None = None) -> list[Tombstone]:
    """Takes out of a data set what was erased since, by its ticket or by its text.

    Args:
        engine: the database, which knows what was erased.
        place: the data set's folder.
        before: tickets with smaller ids are past their time and go too.

    Returns:
        Everything that is gone from it, now or earlier.
    """
    rows = {side: _read(rows_file(place, side)) for side in Side}
    said = json.loads((place / DESCRIPTION).read_text(encoding="utf-8"))
    lines = [line for side in rows.values() for line in side if not is_tombstone(line)]
    marks = [_mark(line) for line in lines]
    gone = transaction(engine, lambda c: _gone(c, lines, marks, said["sides"], before))
    for side, old in rows.items():
        new = [gone.lines.get(line["id"], line) for line in old]
        if new != old:
            write_whole(rows_file(place, side), _packed(new))
            rows[side] = new
    _forget_marks(place, said, gone.marks)
    left = [line for side in rows.values() for line in side if is_tombstone(line)]
    return [Tombstone(ticket_id=line["id"], text=line["erased"]) for line in left]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gone:
    """Tombstones by the id of the row that they replace, and hashes of texts that go."""

    lines: Mapping[str, Line]
    marks: frozenset[str]


def _gone(
    connection: Connection,
    lines: Sequence[Line],
    marks: Sequence[str],
    known: Mapping[str, str],
    before: UUID | None,
) -> _Gone:
    ids = [UUID(line["id"]) for line in lines]
    tickets = exclusions.erased_tickets(connection, ids)
    texts = exclusions.erased_texts(connection, {*marks, *known})
    doomed = [
        place
        for place, id_ in enumerate(ids)
        if id_ in tickets or marks[place] in texts or (before is not None and id_ < before)
    ]
    keyed = exclusions.keyed_texts(connection, {marks[place] for place in doomed})
    stones = {
        lines[place]["id"]: {
            "id": lines[place]["id"],
            "erased": keyed[marks[place]],
            "labels": lines[place]["labels"],
        }
        for place in doomed
    }
    return _Gone(lines=stones, marks=frozenset(texts).union(marks[place] for place in doomed))


def _forget_marks(place: Path, said: dict[str, Any], marks: frozenset[str]) -> None:
    """The description without hashes of texts that are gone."""
    sides = {mark: side for mark, side in said["sides"].items() if mark not in marks}
    if sides != said["sides"]:
        write_whole(place / DESCRIPTION, json.dumps({**said, "sides": sides}, indent=1).encode())


def _mark(line: Line) -> str:
    return text_hash(model_text(line["subject"], line["body"])).hex()


def _read(file: Path) -> list[Line]:
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def _packed(lines: Sequence[Line]) -> bytes:
    content = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode()
    return gzip.compress(content, mtime=0)
