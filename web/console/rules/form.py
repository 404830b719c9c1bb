"""The editor of one rule as a form, both ways, and where in it a refused field stands."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from router.ruleset import Document
from web.console.rules.lines import (
    GROUPS,
    KINDS,
    MOST_LINES,
    ROOT,
    Fields,
    Line,
    condition_of,
    fresh,
    kind_of,
    line_of,
    listed,
    mapped,
    parent,
    sent_lines,
    walk,
)

_NO_CONDITION = Line(place=ROOT, kind="all")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleForm:
    """A rule as it is typed.

    Attributes:
        was: its id before; empty for a new one.
        grouped: whether its condition was a group, so that one line alone stays in it.
    """

    was: str = ""
    id: str = ""
    order: str = ""
    description: str = ""
    enabled: bool = True
    effective_from: str = ""
    effective_to: str = ""
    primary: str = ""
    collaborators: tuple[str, ...] = ()
    stop: bool = False
    grouped: bool = False
    root: Line = _NO_CONDITION


def filled_in(document: Document) -> RuleForm:
    """The form of a rule that is there, from its stored document."""
    when, then = document.get("when"), document["then"]
    return RuleForm(
        was=document["id"],
        id=document["id"],
        order=str(document["order"]),
        description=document.get("description", ""),
        enabled=document.get("enabled", True),
        effective_from=_typed_moment(document.get("effective_from")),
        effective_to=_typed_moment(document.get("effective_to")),
        primary=then.get("primary", ""),
        collaborators=tuple(listed(then.get("collaborators", []))),
        stop=document.get("stop", False),
        grouped=_is_group(when),
        root=_root(when),
    )


def typed(fields: Fields) -> RuleForm:
    """The form as it was sent."""

    def one(name: str) -> str:
        return next(iter(fields.get(name, ())), "").strip()

    return RuleForm(
        was=one("was"),
        id=one("id"),
        order=one("order"),
        description=one("description"),
        enabled=one("enabled") == "on",
        effective_from=one("effective_from"),
        effective_to=one("effective_to"),
        primary=one("primary"),
        collaborators=tuple(fields.get("collaborators", ())),
        stop=one("stop") == "on",
        grouped=one("grouped") == "on",
        root=sent_lines(fields),
    )


def added(form: RuleForm, group: str, kind: str) -> tuple[RuleForm, str]:
    """The form with one line more at the end of a group, and the place of that line."""
    places = [line.place for line in walk(form.root)]
    if kind not in KINDS or len(places) >= MOST_LINES:
        return form, group
    numbers = (int(place.rsplit(".", 1)[1]) for place in places if parent(place) == group)
    new = fresh(f"{group}.{max(numbers, default=-1) + 1}", kind)

    def grown(line: Line) -> Line:
        return replace(line, inner=(*line.inner, new)) if line.place == group else line

    return replace(form, root=mapped(form.root, grown)), new.place


def removed(form: RuleForm, place: str) -> RuleForm:
    """The form without a line and all inside it; the outermost group stays."""

    def without(line: Line) -> Line:
        return replace(line, inner=tuple(each for each in line.inner if each.place != place))

    return replace(form, root=mapped(form.root, without))


def document_of(form: RuleForm) -> Document:
    """The rule as the door of rules takes it; what is empty is left out."""
    document: Document = {"id": form.id, "order": _whole(form.order)}
    if form.description:
        document["description"] = form.description
    if not form.enabled:
        document["enabled"] = False
    for name in ("effective_from", "effective_to"):
        if text := getattr(form, name):
            document[name] = f"{text}+00:00"
    if form.root.inner:
        document["when"] = condition_of(_outermost(form))
    document["then"] = _then(form)
    if form.stop:
        document["stop"] = True
    return document


def place_of_field(form: RuleForm, path: str) -> tuple[str, str]:
    """Where the form shows a field of its document, as a line's place and the name in that line.

    Args:
        form: as it was sent.
        path: such as `when.all.1.score.at_least`. What is no condition has no place, and is called
            by the first part of its path, or by the second below `then`.
    """
    parts = path.split(".")
    if parts[0] != "when":
        return "", parts[1] if parts[0] == "then" and len(parts) > 1 else parts[0]
    places = dict(_places(_outermost(form), "when"))
    known = max((each for each in places if f"{path}.".startswith(f"{each}.")), key=len)
    rest = [part for part in path[len(known) :].split(".") if part and not part.isdigit()]
    return places[known], rest[-1] if rest else ""


def _outermost(form: RuleForm) -> Line:
    """The line that stands for the whole condition: one alone needs no group around it."""
    is_bare = not form.grouped and len(form.root.inner) == 1 and form.root.kind != "none"
    return form.root.inner[0] if is_bare else form.root


def _places(line: Line, path: str) -> Iterator[tuple[str, str]]:
    """The path in the document and the place in the form of a line and all inside it."""
    yield path, line.place
    for n, inner in enumerate(line.inner):
        yield from _places(inner, f"{path}.{line.kind}.{n}")


def _is_group(when: Document | None) -> bool:
    return when is not None and kind_of(when) in GROUPS


def _root(when: Document | None) -> Line:
    if when is not None and _is_group(when):
        return line_of(when, ROOT)
    return line_of({"all": [] if when is None else [when]}, ROOT)


def _then(form: RuleForm) -> Document:
    then: Document = {"primary": form.primary} if form.primary else {}
    if form.collaborators:
        then["collaborators"] = list(form.collaborators)
    return then


def _whole(text: str) -> int | str:
    """A number where it is one; else what was typed, for the door of rules to refuse."""
    try:
        return int(text[:20])
    except ValueError:
        return text


def _typed_moment(moment: str | None) -> str:
    """As an input for date and time shows it, in UTC."""
    if moment is None:
        return ""
    at = datetime.fromisoformat(moment).replace(tzinfo=None)
    return at.isoformat(timespec="auto" if at.second or at.microsecond else "minutes")
