"""From the database to a snapshot: reads, holds doubtful corrections back, deals out, writes.

The first snapshot after a model that was trained from a file keeps that model's own held-out
tickets as holdout, since it must not be judged on what it learned.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from core.label_meaning import Meaning, Read
from core.learning import MIN_POSITIVES
from core.types import Verdict
from store import label_history, model_versions, snapshots, taxonomy
from store.corrections import LabelFeedback, hold, standing_label_feedback
from store.engine import transaction
from store.exclusions import erased_texts, is_anything_erased
from trainer.fit.baseline import out_of_fold_scores
from trainer.fit.corpus import Corpus
from trainer.loop.noise import Correction, mass_edits, unlikely
from trainer.loop.snapshot import (
    Draft,
    Entry,
    Excluded,
    Known,
    Names,
    Side,
    draft,
    join,
    read_known,
)
from trainer.loop.unshown import read_policies, without_unshown
from trainer.reporting.report import HELD_OUT_FILE

_ROUNDS = 4
_FEWEST_ROWS = 100  # under this, rows left out say too little to doubt a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """When many equal changes by one agent are too many."""

    most: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What people said, in the labels of today.

    Attributes:
        unclear: what they said of labels that were split, or without seeing every label.
        names: with every label that must be served whatever is known of it.
        served: labels in use that the active model knows.
    """

    base: list[Entry]
    feedback: list[LabelFeedback]
    unclear: list[Excluded]
    known: Known
    names: Names
    served: frozenset[str]


def gather(engine: Engine, doubts: Doubts, seed: int) -> Draft:
    """The data set as it is now; doubtful corrections are held in the database from now on."""
    read = transaction(engine, _read)
    suspects = find_doubtful(read.base, read.feedback, doubts, seed)
    transaction(engine, lambda c: hold(c, suspects))
    reasons = {**_settled(read.feedback), **{id_: f"held: {why}" for id_, why in suspects.items()}}
    entries, excluded = join(read.base, map(_entry, read.feedback), reasons)
    entries, erased = _without_erased(engine, entries)
    made = draft(entries, [*excluded, *erased, *read.unclear], known=read.known, seed=seed)
    return replace(made, names=_names(read, made))


def _without_erased(engine: Engine, entries: Sequence[Entry]) -> tuple[list[Entry], list[Excluded]]:
    """Rows without those whose text was erased, under whatever name it came again."""
    marks = {entry.mark for entry in entries}
    gone = transaction(engine, lambda c: erased_texts(c, marks) if is_anything_erased(c) else set())
    excluded = [
        Excluded(ticket_id=entry.ticket_id, correction=entry.correction, reason="erased")
        for entry in entries
        if entry.mark in gone
    ]
    return [entry for entry in entries if entry.mark not in gone], excluded


def _names(read: _Read, made: Draft) -> Names:
    """A label that serves and has become too rare to be learned must be served all the same."""
    rows = made.of(Side.TRAIN)
    counts = Counter(label for entry in rows for label in entry.ticket.labels or ())
    rare = {name: "" for name in sorted(read.served) if counts[name] < MIN_POSITIVES}
    return replace(read.names, descriptions=rare | dict(read.names.descriptions))


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
    meaning = label_history.meaning(connection)
    said = [
        Entry(ticket_id=row.ticket_id, ticket=row.ticket, at=row.received_at)
        for row in snapshots.base_tickets(connection)
    ]
    found = list(standing_label_feedback(connection))
    base, unclear = _today(said, meaning)
    # A ticket whose newest word is unclear does not fall back on what it was imported with.
    unshown, judged = without_unshown(found, read_policies(connection, found), meaning)
    waiting, feedback = _unclear_feedback(judged, meaning)
    silent = {entry.ticket_id for entry in (*waiting, *unshown)}
    base = [entry for entry in base if entry.ticket_id not in silent]
    last = snapshots.newest(connection)
    return _Read(
        base=base,
        feedback=feedback,
        unclear=[*unclear, *waiting, *unshown],
        known=read_known(last.path) if last else _as_first_dealt(connection, base),
        names=Names(descriptions=_descriptions(connection), now=meaning.now),
        served=_served(connection),
    )


def _today(entries: Sequence[Entry], meaning: Meaning) -> tuple[list[Entry], list[Excluded]]:
    """Imported tickets in the labels of today, and those that somebody must label anew."""
    kept: list[Entry] = []
    unclear: list[Excluded] = []
    for entry in entries:
        read = meaning.read(entry.ticket.labels or ())
        if read.unclear:
            unclear.append(_to_relabel(entry.ticket_id, None, read, meaning))
        else:
            kept.append(replace(entry, ticket=replace(entry.ticket, labels=read.labels)))
    return kept, unclear


def _unclear_feedback(
    feedback: Sequence[LabelFeedback], meaning: Meaning
) -> tuple[list[Excluded], list[LabelFeedback]]:
    """Feedback that somebody must give anew, and the rest in the labels of today."""
    kept: list[LabelFeedback] = []
    unclear: list[Excluded] = []
    for item in feedback:
        read, predicted = meaning.read(item.labels), meaning.read(item.predicted)
        if read.unclear:
            unclear.append(_to_relabel(item.ticket_id, item.id, read, meaning))
        else:
            ticket = replace(item.ticket, labels=read.labels)
            kept.append(
                replace(item, ticket=ticket, labels=read.labels, predicted=predicted.labels)
            )
    return unclear, kept


def _to_relabel(ticket_id: UUID, correction: UUID | None, read: Read, meaning: Meaning) -> Excluded:
    heirs = ", ".join(meaning.now[read.unclear[0]])
    reason = f"to be relabelled: {read.unclear[0]} was split into {heirs}"
    return Excluded(ticket_id=ticket_id, correction=correction, reason=reason)


def _descriptions(connection: Connection) -> dict[str, str]:
    """Labels that somebody described or that a move brought."""
    brought = label_history.brought(connection)
    return {
        label.name: label.description
        for label in taxonomy.labels(connection)
        if label.description or label.name in brought
    }


def _served(connection: Connection) -> frozenset[str]:
    active = model_versions.active(connection)
    if active is None:
        return frozenset()
    known = model_versions.find(connection, active.version).labels
    return frozenset(label.name for label in taxonomy.labels(connection)).intersection(known)


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
