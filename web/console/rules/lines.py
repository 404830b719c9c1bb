"""Conditions as lines of a form, both ways: a stored condition to fields, fields to a condition.

A line has a place in the tree: `0` is the outermost group, `0.2` the third line in it. Its fields
are called `0.2:label` and so on. Nothing is judged here: the door of all rules does that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from router.conditions import DAYS, FIELDS
from router.ruleset import Document

Fields = Mapping[str, Sequence[str]]
GROUPS = ("all", "any", "none")
KINDS = ("label", "score", "text", *FIELDS, "metadata", "hours", "share", *GROUPS)
ROOT = "0"
MOST_LINES = 1_000
_DEEPEST = 12  # dots of a place; the door of rules refuses long before


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One condition, or a group with the lines inside it; `fields` are as they are typed."""

    place: str
    kind: str
    fields: Fields = field(default_factory=dict)
    inner: tuple["Line", ...] = ()

    @property
    def is_group(self) -> bool:
        """Whether it holds others."""
        return self.kind in GROUPS

    def one(self, name: str) -> str:
        """The value of a field that has one; empty where it was not given."""
        return next(iter(self.fields.get(name, ())), "")


def kind_of(condition: Document) -> str:
    """The one key of a condition."""
    (kind,) = condition
    return kind


def line_of(condition: Document, place: str) -> Line:
    """The line of a stored condition."""
    kind = kind_of(condition)
    value = condition[kind]
    if kind in GROUPS:
        inner = tuple(line_of(each, f"{place}.{n}") for n, each in enumerate(value))
        return Line(place=place, kind=kind, inner=inner)
    return Line(place=place, kind=kind, fields=_FIELDS_OF.get(kind, _values_fields)(value))


def condition_of(line: Line) -> Document:
    """The condition as it is stored."""
    if line.is_group:
        return {line.kind: [condition_of(inner) for inner in line.inner]}
    return {line.kind: _VALUE_OF.get(line.kind, _values)(line)}


def sent_lines(fields: Fields) -> Line:
    """The lines that a form holds, in the tree that their places make."""
    kinds = dict(each.split(" ", 1) for each in fields.get("line", ())[:MOST_LINES] if " " in each)
    own: dict[str, dict[str, Sequence[str]]] = {place: {} for place in kinds}
    for name, values in fields.items():
        place, _, inner = name.partition(":")
        if inner and place in own:
            own[place][inner] = values
    inside: dict[str, list[str]] = {}
    for place in kinds:
        if place.count(".") <= _DEEPEST:
            inside.setdefault(parent(place), []).append(place)

    def branch(place: str) -> Line:
        kind = _kind_sent(place, kinds.get(place, ""), own.get(place, {}))
        inner = inside.get(place, ()) if kind in GROUPS else ()
        lines = tuple(map(branch, inner))
        return Line(place=place, kind=kind, fields=own.get(place, {}), inner=lines)

    return branch(ROOT)


def fresh(place: str, kind: str) -> Line:
    """A line that was just asked for."""
    return Line(place=place, kind=kind, fields=_FRESH.get(kind, {}))


def walk(line: Line) -> Iterator[Line]:
    """The line and all inside it, outermost first."""
    yield line
    for inner in line.inner:
        yield from walk(inner)


def mapped(line: Line, change: Callable[[Line], Line]) -> Line:
    """The tree with every line changed, outermost first."""
    done = change(line)
    return replace(done, inner=tuple(mapped(inner, change) for inner in done.inner))


def parent(place: str) -> str:
    """The place of the group around a place; empty for the outermost."""
    return place.rpartition(".")[0]


def listed(value: str | list[str]) -> list[str]:
    """The values of what is written as one or as several."""
    return [value] if isinstance(value, str) else value


def _kind_sent(place: str, kind: str, fields: Fields) -> str:
    """The kind of a line; a group may have got another one."""
    if kind in KINDS and kind not in GROUPS and place != ROOT:
        return kind
    chosen = next(iter(fields.get("kind", ())), kind)
    return chosen if chosen in GROUPS else "all"


def _score(line: Line) -> Document:
    bounds = {name: line.one(name).strip() for name in ("at_least", "below")}
    typed = {name: _number(text) for name, text in bounds.items() if text}
    return {"label": line.one("label").strip()} | typed


def _text(line: Line) -> Document:
    part = {"in": line.one("in")} if line.one("in") not in ("", "any") else {}
    return {"contains": _rows(line.one("contains"))} | part


def _metadata(line: Line) -> Document:
    asked: Document = {"key": line.one("key").strip()}
    if line.one("test") in ("exists", "missing"):
        return asked | {"exists": line.one("test") == "exists"}
    return asked | {"is": _rows(line.one("values"))}


def _hours(line: Line) -> Document:
    days = [day for day in DAYS if day in line.fields.get("days", ())]
    clocks = {name: line.one(name).strip() for name in ("from", "to")}
    given = {name: clock for name, clock in clocks.items() if clock}
    return {"days": days, **given, "zone": line.one("zone").strip()}


def _share(line: Line) -> float | str:
    text = line.one("share").strip()
    try:
        return float(Decimal(text.replace(",", ".")).scaleb(-2))
    except ArithmeticError:
        return text


def _values(line: Line) -> list[str]:
    return _rows(line.one("values"))


def _score_fields(value: Document) -> Fields:
    return {name: [_plain(each)] for name, each in value.items()}


def _text_fields(value: Document) -> Fields:
    return {"contains": [_block(value["contains"])], "in": [value.get("in", "any")]}


def _metadata_fields(value: Document) -> Fields:
    if "is" in value:
        return {"key": [value["key"]], "test": ["is"], "values": [_block(value["is"])]}
    return {"key": [value["key"]], "test": ["exists" if value["exists"] else "missing"]}


def _hours_fields(value: Document) -> Fields:
    defaults = {"from": "00:00", "to": "24:00", "zone": ""}
    clocks = {name: [value.get(name, default)] for name, default in defaults.items()}
    return {"days": value.get("days", list(DAYS)), **clocks}


def _values_fields(value: str | list[str]) -> Fields:
    return {"values": [_block(value)]}


def _block(value: str | list[str]) -> str:
    return "\n".join(listed(value))


def _rows(block: str) -> list[str]:
    return [row.strip() for row in block.splitlines() if row.strip()]


def _percent(share: float) -> str:
    """Exactly as many digits as the share has."""
    return f"{Decimal(repr(share)).scaleb(2).normalize():f}"


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _number(text: str) -> float | str:
    """A number where it is one; else what was typed, for the door of rules to refuse."""
    try:
        return float(text[:40].replace(",", "."))
    except ValueError:
        return text


_VALUE_OF: Mapping[str, Callable[[Line], Any]] = {
    "label": lambda line: line.one("label").strip(),
    "score": _score,
    "text": _text,
    "metadata": _metadata,
    "hours": _hours,
    "share": _share,
}
_FIELDS_OF: Mapping[str, Callable[[Any], Fields]] = {
    "label": lambda value: {"label": [value]},
    "score": _score_fields,
    "text": _text_fields,
    "metadata": _metadata_fields,
    "hours": _hours_fields,
    "share": lambda value: {"share": [_percent(value)]},
}
_FRESH: Mapping[str, Fields] = {
    "hours": {"days": list(DAYS), "from": ["09:00"], "to": ["17:00"], "zone": ["UTC"]},
    "text": {"in": ["any"]},
    "metadata": {"test": ["is"]},
}
