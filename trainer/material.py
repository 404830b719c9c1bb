"""From the database to a snapshot: reads, holds doubtful corrections back, deals out, writes.

The first snapshot after a model that was trained from a file keeps that model's own held-out
tickets as holdout, since it must not be judged on what it learned.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from core.types import Verdict
from store import model_versions, snapshots
from store.corrections import LabelFeedback, hold, standing_label_feedback
from store.engine import transaction
from trainer.baseline import out_of_fold_scores
from trainer.corpus import Corpus
from trainer.noise import Correction, mass_edits, unlikely
from trainer.report import HELD_OUT_FILE
from trainer.snapshot import Draft, Entry, Known, Side, draft, join, read_known

_ROUNDS = 4
_FEWEST_ROWS = 100  # under this, rows left out say too little to doubt a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """When many equal changes by one agent are too many."""

    most: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    base: list[Entry]
    feedback: list[LabelFeedback]
    known: Known


def gather(engine: Engine, doubts: Doubts, seed: int) -> Draft:
    """The data set as it is now; doubtful corrections are held in the database from now on."""
    read = transaction(engine, _read)
    suspects = find_doubtful(read.base, read.feedback, doubts, seed)
    transaction(engine, lambda c: hold(c, suspects))
    reasons = {**_settled(read.feedback), **{id_: f"held: {why}" for id_, why in suspects.items()}}
    entries, excluded = join(read.base, map(_entry, read.feedback), reasons)
    return draft(entries, excluded, known=read.known, seed=seed)


def find_doubtful(
    base: Sequence[Entry], feedback: Sequence[LabelFeedback], doubts: Doubts, seed: int
) -> dict[UUID, str]:
    """Corrections that nobody has looked at and that should wait, with why.

    What is found is left out and the rest looked at again, since wrong corrections that say the
    same speak for each other.
    """
    open_ = [item for item in feedback if item.verdict is None]
    corrections = {item.id: _correction(item) for item in open_}
    found = mass_edits(corrections.values(), most=doubts.most, within=doubts.within)
    trusted = [item for item in feedback if item.verdict not in (Verdict.HELD, Verdict.REJECTED)]
    for _ in range(_ROUNDS):
        left = [item for item in trusted if item.id not in found]
        more = _unlikely(base, left, corrections, seed)
        found.update(more)
        if not more:
            break
    return found


def _unlikely(
    base: Sequence[Entry],
    feedback: Sequence[LabelFeedback],
    corrections: Mapping[UUID, Correction],
    seed: int,
) -> dict[UUID, str]:
    entries, _ = join(base, map(_entry, feedback), {})
    found = {
        row: corrections.get(entry.correction)
        for row, entry in enumerate(entries)
        if entry.correction is not None
    }
    changed = {row: item for row, item in found.items() if item is not None and any(item.change)}
    if not changed or len(entries) < _FEWEST_ROWS:
        return {}
    names = [tuple(entry.ticket.labels or ()) for entry in entries]
    corpus = Corpus.of_rows([entry.text for entry in entries], names)
    return unlikely(changed, out_of_fold_scores(corpus, seed), corpus.truth, corpus.labels)


def _read(connection: Connection) -> _Read:
    base = [
        Entry(ticket_id=row.ticket_id, ticket=row.ticket, at=row.received_at)
        for row in snapshots.base_tickets(connection)
    ]
    last = snapshots.newest(connection)
    return _Read(
        base=base,
        feedback=list(standing_label_feedback(connection)),
        known=read_known(last.path) if last else _as_first_dealt(connection, base),
    )


def _as_first_dealt(connection: Connection, base: Sequence[Entry]) -> Known:
    """How the active model's file was dealt, when it is what the base tickets came from."""
    active = model_versions.active(connection)
    file = None if active is None else active.path / HELD_OUT_FILE
    if file is None or not file.is_file():
        return Known(sides={})
    held_out = frozenset(json.loads(file.read_text(encoding="utf-8")))
    marks = {entry.mark for entry in base}
    if not held_out & marks:
        return Known(sides={})
    return Known(sides={m: Side.HOLDOUT if m in held_out else Side.TRAIN for m in marks})


def _settled(feedback: Sequence[LabelFeedback]) -> dict[UUID, str]:
    """Corrections that a person rejected, or that still wait for one."""
    words = {Verdict.HELD: "held: waits for a person", Verdict.REJECTED: "rejected by a person"}
    return {item.id: words[item.verdict] for item in feedback if item.verdict in words}


def _entry(item: LabelFeedback) -> Entry:
    return Entry(ticket_id=item.ticket_id, ticket=item.ticket, at=item.given_at, correction=item.id)


def _correction(item: LabelFeedback) -> Correction:
    return Correction(
        id=item.id,
        agent=item.agent,
        at=item.given_at,
        before=frozenset(item.predicted),
        after=frozenset(item.labels),
    )
