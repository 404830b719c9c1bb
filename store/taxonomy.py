"""Labels and departments: the words that rules and decisions are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from store.tables import DepartmentRow, LabelRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a ticket can be about; `keywords` give it away when no model is there."""

    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()


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
            {"name": x.name, "description": x.description, "keywords": list(x.keywords)}
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
            "SELECT name, description, keywords FROM labels WHERE retired_at IS NULL ORDER BY name"
        )
    )
    return [Label(name=r.name, description=r.description, keywords=tuple(r.keywords)) for r in rows]


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
