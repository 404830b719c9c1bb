"""What the department pages show, made by pure functions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Path

from classifier.content_id import content_id
from router.label_routes import departments_by_label
from router.ruleset import Ruleset
from store.figures.quality import Figures
from store.rules.taxonomy import Department

DepartmentKey: TypeAlias = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A department in the list.

    Attributes:
        key: its place among addresses, which never hold a name.
        is_default: takes tickets while no rules are there.
        takes_rest: the rules name it for what no rule takes.
        labels: that lead to it as the primary.
        decided: tickets of 30 days that it owns; None while it is counted.
        share: of all decided ones, in [0, 1]; None likewise, and where there are none.
        moved: share of its own that people moved elsewhere; None likewise.
    """

    key: str
    name: str
    description: str
    is_default: bool
    takes_rest: bool
    labels: Sequence[str]
    decided: int | None = None
    share: float | None = None
    moved: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A rule that names a department, as the primary or as one that takes part."""

    rule: str
    is_primary: bool
    enabled: bool


def key_of(department: str) -> str:
    """12 hex digits that stand for a department in addresses."""
    return content_id(department.encode())


def named_at(departments: Sequence[Department], key: str) -> Department | None:
    """The department of a key."""
    return next((each for each in departments if key_of(each.name) == key), None)


def lines_of(
    departments: Sequence[Department], rules: Ruleset, figures: Mapping[str, Figures] | None
) -> list[Line]:
    """The list; without figures, which take a while to count, where they are None."""
    labels: defaultdict[str, list[str]] = defaultdict(list)
    for label, named in sorted(departments_by_label(rules).items()):
        for department in named:
            labels[department].append(label)
    total = sum(each.tickets for each in (figures or {}).values())
    return [_line(each, rules, labels[each.name], figures, total) for each in departments]


def parts_of(rules: Ruleset, department: str) -> Sequence[Part]:
    """Rules that name it, disabled ones too, in order."""
    return [
        Part(rule=rule.id, is_primary=rule.primary == department, enabled=rule.enabled)
        for rule in rules.rules
        if department in (rule.primary, *rule.collaborators)
    ]


def _line(
    department: Department,
    rules: Ruleset,
    labels: Sequence[str],
    figures: Mapping[str, Figures] | None,
    total: int,
) -> Line:
    own = None if figures is None else figures.get(department.name, Figures())
    return Line(
        key=key_of(department.name),
        name=department.name,
        description=department.description,
        is_default=department.is_default,
        takes_rest=rules.default_department == department.name,
        labels=labels,
        decided=None if own is None else own.tickets,
        share=own.tickets / total if own is not None and total else None,
        moved=None if own is None else own.bounce_rate,
    )
