"""The story of one change of labels: look at what it touches, make the model, commit all at once.

The model is made before the transaction, from what the database said; the transaction refuses if
that has changed since. Until it commits nothing is different, and a folder that was made for
nothing is removed.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine

from classifier.artifacts import Artifact, open_artifact
from core.errors import PointsmanError
from core.label_meaning import Meaning
from core.text import model_text
from core.types import LabelMove
from router.label_changes import commit
from router.label_outlook import Outlook, Wanted
from store.engine import transaction
from store.labels import label_usage
from store.labels.label_moves import LabelChange, OperatedModel
from store.models import model_versions
from store.rules import label_history, taxonomy
from trainer.labels.added_label import NewLabel, background_of
from trainer.labels.operated import Note, operate
from trainer.labels.surgery import Body, Group, merge_groups, regrouped, with_new

_MOST_POSITIVES = 200  # the regression's time grows with the cube of its rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where and how models are changed.

    Attributes:
        models: folder that gets a folder more.
        background: newest tickets that a new label is told from, at most.
    """

    models: Path
    background: int


def carry_out(
    engine: Engine,
    wanted: Wanted,
    outlook: Outlook,
    workshop: Workshop,
    also: Callable[[Connection, LabelChange], None] = lambda _connection, _change: None,
) -> LabelChange:
    """Makes the model and commits everything; gives the change as it was made.

    Args:
        engine: the database.
        wanted: the change.
        outlook: what it touches.
        workshop: where and how models are changed.
        also: done in the same transaction.

    Raises:
        Invalid: something that the outlook was based on has changed, a ticket does not exist, or
            there are too few tickets to tell a new label from.
        ArtifactInvalid: the model that serves is damaged.
    """
    artifact = _operated(engine, wanted, outlook, workshop)
    change = replace(outlook.change, model=None if artifact is None else _as_model(artifact))

    def work(connection: Connection) -> None:
        commit(connection, wanted, change)
        also(connection, change)

    try:
        transaction(engine, work)
    except PointsmanError:
        if artifact is not None and _serves(engine, artifact):
            return change  # it was committed and only the answer was lost
        if artifact is not None:
            shutil.rmtree(artifact.path, ignore_errors=True)
        raise
    return change


def _serves(engine: Engine, artifact: Artifact) -> bool:
    active = transaction(engine, model_versions.active)
    return active is not None and active.version == artifact.version


def _as_model(artifact: Artifact) -> OperatedModel:
    return OperatedModel(
        version=artifact.version,
        path=artifact.path,
        labels=artifact.labels,
        metrics=artifact.read_json("metrics.json"),
    )


def _operated(
    engine: Engine, wanted: Wanted, outlook: Outlook, workshop: Workshop
) -> Artifact | None:
    """The new artifact; None where none serves, or the one that serves has nothing to change."""
    if outlook.serving is None or not outlook.needs_model:
        return None
    adds = wanted.kind in (LabelMove.ADD, LabelMove.SPLIT)
    source = open_artifact(outlook.serving.path)
    final = workshop.models / f"{source.version}-{wanted.kind}-{uuid4().hex[:8]}"
    new, background = _material(engine, wanted, workshop) if adds else ([], [])
    note = Note(
        sentence=_sentence(wanted),
        change={
            "kind": wanted.kind.value,
            "before": list(wanted.before),
            "after": list(wanted.after),
        },
    )
    return operate(source, final.absolute(), _surgery(wanted, new, background), note)


def _surgery(
    wanted: Wanted, new: Sequence[NewLabel], background: Sequence[str]
) -> Callable[[Body], Body]:
    """What is to be done to the model."""

    def change(body: Body) -> Body:
        if wanted.before:
            body = regrouped(body, _groups(body.labels, wanted))
        if new:
            seen = background_of(body.served, background)
            body = reduce(lambda grown, label: with_new(grown, label, seen), new, body)
        return body

    return change


def _groups(labels: Sequence[str], wanted: Wanted) -> list[Group]:
    if wanted.after and wanted.kind is not LabelMove.SPLIT:
        return merge_groups(labels, wanted.before, wanted.after[0])
    kept = (name for name in labels if name not in wanted.before)
    return [Group(name=name, parts=(name,)) for name in kept]


def _material(
    engine: Engine, wanted: Wanted, workshop: Workshop
) -> tuple[list[NewLabel], list[str]]:
    """New labels with the texts that carry them, and texts to tell them from.

    Tickets that carried a label that is split are no background: they carry one of its heirs.
    """

    def read(connection: Connection) -> tuple[list[NewLabel], list[str]]:
        meaning = label_history.meaning(connection)
        new = [_new_label(connection, wanted, meaning, name) for name in wanted.after]
        positives = {text for label in new for text in label.positives}
        seen = label_usage.newest_texts(connection, most=workshop.background + len(positives))
        others = [
            item.text
            for item in seen
            if item.text not in positives
            and not {*meaning.read(item.labels).labels} & {*wanted.before}
        ]
        return new, list(dict.fromkeys(others))[: workshop.background]

    return transaction(engine, read)


def _new_label(connection: Connection, wanted: Wanted, meaning: Meaning, name: str) -> NewLabel:
    given = [
        model_text(ticket.subject, ticket.body)
        for ticket in wanted.examples
        if name in (ticket.labels or ())
    ]
    here = [label_usage.text_of(connection, ticket) for ticket in wanted.tickets.get(name, ())]
    known = label_usage.tickets_naming(connection, meaning.names_of(name), most=_MOST_POSITIVES)
    texts = dict.fromkeys(filter(None, (*given, *here, *(ticket.text for ticket in known))))
    described = {label.name: label.description for label in taxonomy.labels(connection)}
    return NewLabel(
        name=name,
        description=wanted.descriptions.get(name, "") or described.get(name, ""),
        positives=list(texts)[:_MOST_POSITIVES],
    )


def _sentence(wanted: Wanted) -> str:
    before, after = ", ".join(wanted.before), ", ".join(wanted.after)
    match wanted.kind:
        case LabelMove.ADD:
            return f"{after} was added."
        case LabelMove.RENAME:
            return f"{before} is called {after}."
        case LabelMove.MERGE | LabelMove.RETIRE if after:
            return f"{before} became {after}."
        case LabelMove.SPLIT:
            return f"{before} was split into {after}."
        case _:
            return f"{before} was retired."
