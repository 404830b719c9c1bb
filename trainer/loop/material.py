"""From the database to a snapshot: reads, holds doubtful corrections back, deals out, writes.

The first snapshot after a model that was trained from a file keeps that model's own held-out
tickets as holdout, since it must not be judged on what it learned.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from core.label_meaning import Meaning, Read
from core.learning import MIN_POSITIVES
from core.types import Verdict
from store.engine import transaction
from store.erasure.exclusions import erased_texts, is_anything_erased
from store.feedback.corrections import LabelFeedback, hold, standing_label_feedback
from store.models import model_versions, snapshots
from store.rules import label_history, taxonomy
from trainer.fit.baseline import out_of_fold_scores
from trainer.fit.corpus import Corpus
from trainer.loop.noise import Correction, mass_edits, unlikely
from trainer.loop.reliability import contradictions, records
from trainer.loop.shares import Shares, Taught, excess
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
from trainer.loop.storms import thinned
from trainer.loop.unshown import read_policies, without_unshown
from trainer.reporting.report import HELD_OUT_FILE

_ROUNDS = 4
_OFTEN = 3  # additions of one label by a doubtful agent that are no accident
_FEWEST_ROWS = 100  # under this, rows left out say too little to doubt a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """What is not taken on trust.

    Attributes:
        most: as many equal changes by one agent are normal,
        within: this time.
        least_weight: an agent whose changes are right less often than this, in [0, 1], waits.
        shares: what one agent or one source may teach.
        incident_examples: so many tickets of one storm teach, at most.
    """

    most: int
    within: timedelta
    least_weight: float = 0.6
    shares: Shares = field(default_factory=Shares)
    incident_examples: int = 10


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
    entries, alike = thinned(engine, entries, read.known, most=doubts.incident_examples)
    entries, surplus = _within_shares(entries, read, doubts.shares)
    left_out = [*excluded, *erased, *alike, *surplus, *read.unclear]
    made = draft(entries, left_out, known=read.known, seed=seed)
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


def _within_shares(
    entries: Sequence[Entry], read: _Read, shares: Shares
) -> tuple[list[Entry], list[Excluded]]:
    """Rows without what is too much from one side; what judges stays, it teaches nothing.

    What a person released from among the held is believed, and so not counted.
    """
    given = {item.id: item for item in read.feedback if item.verdict is None}
    judging = read.known.judging
    taught = [
        Taught(
            id=entry.correction,
            agent=given[entry.correction].agent,
            source=given[entry.correction].source,
            labels=tuple(entry.ticket.labels or ()),
        )
        for entry in entries
        if entry.correction in given and entry.mark not in judging
    ]
    over = excess(taught, shares)
    surplus = [
        Excluded(ticket_id=entry.ticket_id, correction=entry.correction, reason=over[x])
        for entry in entries
        if (x := entry.correction) is not None and x in over
    ]
    return [entry for entry in entries if entry.correction not in over], surplus


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
    same speak for each other. Of an agent who is seldom right every change waits.
    """
    open_ = [item for item in feedback if item.verdict is None]
    corrections = {item.id: _correction(item) for item in open_}
    found = mass_edits(corrections.values(), most=doubts.most, within=doubts.within)
    trusted = [item for item in feedback if item.verdict not in (Verdict.HELD, Verdict.REJECTED)]
    said = {item.id: (item.agent, is_wrong) for item, is_wrong in _settled_changes(feedback)}
    for _ in range(_ROUNDS):
        left = [item for item in trusted if item.id not in found]
        more, against = _unlikely(base, left, corrections, seed)
        said |= {id_: (corrections[id_].agent, is_wrong) for id_, is_wrong in against.items()}
        more |= _of_doubtful_agents(corrections, said, doubts.least_weight)
        if more.keys() <= found.keys():
            break
        found = more | found
    return found


def _settled_changes(feedback: Sequence[LabelFeedback]) -> Iterator[tuple[LabelFeedback, bool]]:
    """Changes that a second person looked at, and whether that person found them wrong."""
    for item in feedback:
        if item.verdict in (Verdict.RELEASED, Verdict.REJECTED) and any(_correction(item).change):
            yield item, item.verdict is Verdict.REJECTED


def _of_doubtful_agents(
    corrections: Mapping[UUID, Correction], said: Mapping[UUID, tuple[str, bool]], least: float
) -> dict[UUID, str]:
    """Every open change of an agent whom the other rows contradict too often, with why.

    Beside it what the other rows contradict in changes by others that add the same labels, since
    who wants to mislead a model seldom has one account.
    """
    known = records(said.values())
    why = {
        agent: f"{agent} seems right in {record.weight:.0%} of {record.changes} changes"
        for agent, record in known.items()
        if record.is_doubtful(least)
    }
    wanted = Counter(
        label for item in corrections.values() if item.agent in why for label in item.change[0]
    )
    often = {label for label, count in wanted.items() if count >= _OFTEN}
    found: dict[UUID, str] = {}
    for id_, item in corrections.items():
        if item.agent in why and any(item.change):
            found[id_] = why[item.agent]
        elif said.get(id_, ("", False))[1] and often.intersection(item.change[0]):
            found[id_] = "unlikely by other rows, and as an agent changes who is seldom right"
    return found


def _unlikely(
    base: Sequence[Entry],
    feedback: Sequence[LabelFeedback],
    corrections: Mapping[UUID, Correction],
    seed: int,
) -> tuple[dict[UUID, str], dict[UUID, bool]]:
    """Changes that should wait with why, and of each change whether other rows contradict it."""
    entries, _ = join(base, map(_entry, feedback), {})
    found = {
        row: corrections.get(entry.correction)
        for row, entry in enumerate(entries)
        if entry.correction is not None
    }
    changed = {row: item for row, item in found.items() if item is not None and any(item.change)}
    if not changed or len(entries) < _FEWEST_ROWS:
        return {}, {}
    names = [tuple(entry.ticket.labels or ()) for entry in entries]
    corpus = Corpus.of_rows([entry.text for entry in entries], names)
    scores = out_of_fold_scores(corpus, seed)
    held = unlikely(changed, scores, corpus.truth, corpus.labels)
    return held, contradictions(changed, scores, corpus.truth, corpus.labels)


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
