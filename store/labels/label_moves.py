"""One change of labels in one transaction: their rows, their past, the rules, the model.

Locks are always taken in the order labels, rules, models, so that two changes, or a change and an
edit of rules or an activation, happen one after the other; whoever comes second is refused if what
it was made from has changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core.errors import Invalid
from core.types import LabelMove
from store.access import audit
from store.models import model_versions, trials
from store.rules import label_history, rulesets, taxonomy
from store.rules.taxonomy import Label
from store.tables import LabelMoveRow, LabelRow

_DONE = {
    LabelMove.ADD: "added",
    LabelMove.RENAME: "renamed",
    LabelMove.MERGE: "merged",
    LabelMove.SPLIT: "split",
    LabelMove.RETIRE: "retired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatedModel:
    """An artifact with the new labels that is to serve from now on."""

    version: str
    path: Path
    labels: tuple[str, ...]
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """What is to become of labels.

    Attributes:
        kind: what it is.
        before: labels in use that take part.
        after: labels in use afterwards that took their place; () when they are retired.
        new: those of `after` that get a row, get theirs back, or get another description.
        actor: who does it.
        note: why.
        ruleset: the revision that `document` was made from.
        document: the rules in the words of `after`; None where no rule names `before`.
        serving: the model version that `model` was made from; None where none serves.
        model: to serve from now on; None where the one that serves has nothing to change.
    """

    kind: LabelMove
    before: tuple[str, ...]
    after: tuple[str, ...]
    new: Sequence[Label] = ()
    actor: str
    note: str = ""
    ruleset: int
    document: Mapping[str, Any] | None = None
    serving: str | None
    model: OperatedModel | None = None


def check(connection: Connection, change: LabelChange) -> None:
    """Whether the names can be changed so.

    Raises:
        Invalid: a label is not in use, a new name is taken, or it once meant something else.
    """
    used = {label.name for label in taxonomy.labels(connection)}
    for name in change.before:
        if name not in used:
            raise Invalid("label", f"{name!r} is not in use", "see `pointsman labels list`")
    meaning = label_history.meaning(connection)
    for name in change.after:
        if name in used:
            continue
        now = meaning.now.get(name)
        is_revived = now == () and change.kind is LabelMove.ADD
        if now is not None and not is_revived and not (now and {*now} <= {*change.before}):
            meant = " or ".join(repr(label) for label in now) or "a label that was retired"
            problem = f"{name!r} once was the name of {meant}"
            raise Invalid("label", problem, "take another name, or old tickets would be misread")
    taken = [name for name in change.after if name in used]
    if taken and change.kind in (LabelMove.RENAME, LabelMove.SPLIT):
        fix = "take another name; `pointsman labels merge` joins two labels"
        raise Invalid("label", f"{taken[0]!r} is in use already", fix)


def apply(connection: Connection, change: LabelChange) -> int:
    """Does all of it, or nothing when it raises and the transaction is rolled back.

    Returns:
        The id of the move.

    Raises:
        Invalid: as `check`, or rules or model changed since the change was prepared.
    """
    taxonomy.hold_still(connection)
    check(connection, change)
    _change_rows(connection, change)
    move = _note(connection, change)
    _change_rules(connection, change)
    _change_model(connection, change)
    return move


def _change_rows(connection: Connection, change: LabelChange) -> None:
    if change.kind is LabelMove.RENAME:
        connection.execute(
            text("UPDATE labels SET name = :new WHERE name = :old"),
            {"old": change.before[0], "new": change.after[0]},
        )
        return
    for label in change.new:
        fields = {
            "description": label.description,
            "automation": label.level.automation.value,
            "preselect_from": label.level.preselect_from,
            "auto_from": label.level.auto_from,
            "retired_at": None,
        }
        row = upsert(LabelRow).values(name=label.name, keywords=list(label.keywords), **fields)
        connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=fields))
    connection.execute(
        text("UPDATE labels SET retired_at = clock_timestamp() WHERE name = ANY(:names)"),
        {"names": [name for name in change.before if name not in change.after]},
    )


def _note(connection: Connection, change: LabelChange) -> int:
    move = connection.execute(
        insert(LabelMoveRow)
        .values(
            kind=change.kind.value,
            before=list(change.before),
            after=list(change.after),
            actor=change.actor,
            note=change.note,
        )
        .returning(LabelMoveRow.id)
    ).scalar_one()
    audit.record(
        connection,
        actor=change.actor,
        action=f"label.{_DONE[change.kind]}",
        subject=f"label {', '.join(change.before or change.after)}",
        detail={"move": move, "before": list(change.before), "after": list(change.after)},
    )
    return move


def _change_rules(connection: Connection, change: LabelChange) -> None:
    if change.document is None:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('rulesets'))"))
        if rulesets.active_version(connection) != change.ruleset:
            raise Invalid("rules", "were changed meanwhile", "look, and try again")
        return
    words = f"labels {_DONE[change.kind]}: {', '.join(change.before)}"
    rulesets.save(
        connection,
        dict(change.document),
        author=change.actor,
        note=f"{words} to {', '.join(change.after)}" if change.after else words,
        base=change.ruleset,
    )


def _change_model(connection: Connection, change: LabelChange) -> None:
    trials.hold_still(connection)
    active = model_versions.active(connection)
    if (None if active is None else active.version) != change.serving:
        raise Invalid("model", "another one serves since", "try again")
    if change.model is None:
        return
    model_versions.register(
        connection,
        version=change.model.version,
        path=change.model.path,
        labels=change.model.labels,
        metrics=dict(change.model.metrics),
    )
    model_versions.activate(connection, change.model.version, actor=change.actor)
