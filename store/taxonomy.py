"""Labels and departments: the words that rules and decisions are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import insert

from core.errors import Invalid
from core.types import Automation, LabelLevel
from store import audit
from store.tables import DepartmentRow, LabelRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a ticket can be about; `keywords` give it away when no model is there."""

    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    level: LabelLevel = field(default_factory=LabelLevel)


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
            "SELECT name, description, keywords, automation, preselect_from, auto_from "
            "FROM labels WHERE retired_at IS NULL ORDER BY name"
        )
    )
    return [
        Label(
            name=row.name,
            description=row.description,
            keywords=tuple(row.keywords),
            level=_level(row),
        )
        for row in rows
    ]


def set_level(connection: Connection, name: str, level: LabelLevel, *, actor: str) -> LabelLevel:
    """Says what a label may do from now on; workers follow within seconds.

    Returns:
        What it was allowed before; an equal level changes and records nothing.

    Raises:
        Invalid: there is no such label in use, or its scores are out of range or order.
    """
    row = connection.execute(
        text(
            "SELECT automation, preselect_from, auto_from FROM labels "
            "WHERE name = :name AND retired_at IS NULL FOR UPDATE"
        ),
        {"name": name},
    ).one_or_none()
    if row is None:
        raise Invalid("label", f"{name!r} is not in use", "see `pointsman labels list`")
    _check_level(level)
    before = _level(row)
    if level != before:
        connection.execute(
            text(
                "UPDATE labels SET automation = :automation, preselect_from = :preselect_from, "
                "auto_from = :auto_from WHERE name = :name"
            ),
            {"name": name, **_level_object(level)},
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
