"""Labels and departments: the words that rules and decisions are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import insert

from core.errors import Invalid
from core.types import Automation, LabelLevel
from store.access import audit
from store.tables import DepartmentRow, LabelRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a ticket can be about; `keywords` give it away when no model is there.

    Attributes:
        guidelines: for people: when to give it, and when not.
        measured_on: the model version by whose figures a person chose its scores.
    """

    name: str
    description: str = ""
    guidelines: str = ""
    keywords: tuple[str, ...] = ()
    level: LabelLevel = field(default_factory=LabelLevel)
    measured_on: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """Who takes tickets; the default takes what no rule places."""

    name: str
    description: str = ""
    is_default: bool = False


def add_labels(connection: Connection, labels: Sequence[Label]) -> None:
    """Adds the labels that are not there; what people changed since stays."""
    _add(
        connection,
        LabelRow,
        [
            {
                "name": x.name,
                "description": x.description,
                "guidelines": x.guidelines,
                "keywords": list(x.keywords),
                **_level_object(x.level),
            }
            for x in labels
        ],
    )


def add_departments(connection: Connection, departments: Sequence[Department]) -> None:
    """Adds the departments that are not there; what people changed since stays."""
    _add(
        connection,
        DepartmentRow,
        [
            {"name": x.name, "description": x.description, "is_default": x.is_default}
            for x in departments
        ],
    )


def labels(connection: Connection) -> list[Label]:
    """The labels in use, by name."""
    rows = connection.execute(
        text(
            "SELECT name, description, guidelines, keywords, automation, preselect_from, "
            "auto_from, measured_on FROM labels WHERE retired_at IS NULL ORDER BY name"
        )
    )
    return [
        Label(
            name=row.name,
            description=row.description,
            guidelines=row.guidelines,
            keywords=tuple(row.keywords),
            level=_level(row),
            measured_on=row.measured_on,
        )
        for row in rows
    ]


def describe(
    connection: Connection, name: str, *, description: str, guidelines: str, actor: str
) -> None:
    """Says what a label is about, and when to give it; equal words change and record nothing.

    Raises:
        Invalid: there is no such label in use.
    """
    values = {"name": name, "description": description, "guidelines": guidelines}
    found = {label.name: label for label in labels(connection)}.get(name)
    if found is None:
        raise Invalid("label", f"{name!r} is not in use", "see `pointsman labels list`")
    changed = [
        word for word in ("description", "guidelines") if getattr(found, word) != values[word]
    ]
    if not changed:
        return
    connection.execute(
        text(
            "UPDATE labels SET description = :description, guidelines = :guidelines "
            "WHERE name = :name"
        ),
        values,
    )
    audit.record(
        connection,
        actor=actor,
        action="label.described",
        subject=f"label {name}",
        detail={"changed": changed},
    )


def hold_still(connection: Connection) -> None:
    """Nobody else changes labels until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('labels'))"))


def set_level(
    connection: Connection,
    name: str,
    level: LabelLevel,
    *,
    actor: str,
    measured_on: str | None = None,
) -> LabelLevel:
    """Says what a label may do from now on; workers follow within seconds.

    Args:
        connection: an open transaction.
        name: of the label.
        level: what it may do.
        actor: who says so.
        measured_on: the model version by whose figures its scores were chosen; None where they
            were not, or stay as they are.

    Returns:
        What it was allowed before; an equal level of the same figures changes and records nothing.

    Raises:
        Invalid: there is no such label in use, or its scores are out of range or order.
    """
    row = connection.execute(
        text(
            "SELECT automation, preselect_from, auto_from, measured_on FROM labels "
            "WHERE name = :name AND retired_at IS NULL FOR UPDATE"
        ),
        {"name": name},
    ).one_or_none()
    if row is None:
        raise Invalid("label", f"{name!r} is not in use", "see `pointsman labels list`")
    _check_level(level)
    before = _level(row)
    same_scores = replace(level, automation=before.automation) == before
    measured_on = measured_on or (row.measured_on if same_scores else None)
    if (level, measured_on) != (before, row.measured_on):
        connection.execute(
            text(
                "UPDATE labels SET automation = :automation, preselect_from = :preselect_from, "
                "auto_from = :auto_from, measured_on = :measured_on WHERE name = :name"
            ),
            {"name": name, "measured_on": measured_on, **_level_object(level)},
        )
        audit.record(
            connection,
            actor=actor,
            action="label.level_set",
            subject=f"label {name}",
            detail={"before": _level_object(before), "after": _level_object(level)},
        )
    return before


def _check_level(level: LabelLevel) -> None:
    for name in ("preselect_from", "auto_from"):
        score = getattr(level, name)
        if score is not None and not 0 <= score <= 1:
            raise Invalid(name, f"{score} is no score", "give a number from 0 to 1")
    preselect, auto = level.preselect_from, level.auto_from
    if preselect is not None and auto is not None and auto < preselect:
        problem = f"{auto:g} is below preselect_from {preselect:g}"
        raise Invalid("auto_from", problem, f"give at least {preselect:g}, or lower preselect_from")


def _level(row: Row[Any]) -> LabelLevel:
    return LabelLevel(
        automation=Automation(row.automation),
        preselect_from=row.preselect_from,
        auto_from=row.auto_from,
    )


def _level_object(level: LabelLevel) -> dict[str, Any]:
    """The columns, JSON-ready."""
    return {
        "automation": level.automation.value,
        "preselect_from": level.preselect_from,
        "auto_from": level.auto_from,
    }


def departments(connection: Connection) -> list[Department]:
    """The departments in use, by name."""
    rows = connection.execute(
        text(
            "SELECT name, description, is_default FROM departments "
            "WHERE retired_at IS NULL ORDER BY name"
        )
    )
    return [
        Department(name=r.name, description=r.description, is_default=r.is_default) for r in rows
    ]


def _add(
    connection: Connection,
    table: type[LabelRow] | type[DepartmentRow],
    rows: list[dict[str, object]],
) -> None:
    if rows:
        connection.execute(insert(table).values(rows).on_conflict_do_nothing())
