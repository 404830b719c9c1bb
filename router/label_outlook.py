"""What a change of labels would touch, before anything is changed: tickets, rules, the model."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.label_meaning import Meaning
from core.types import Automation, LabelLevel, LabelMove, Ticket
from router.lint import Finding, lint
from router.parse import parse_ruleset
from router.relabel import relabelled, rules_naming
from router.ruleset import Ruleset, ruleset_object
from store.engine import one_moment
from store.labels import label_moves, label_usage
from store.labels.label_moves import LabelChange
from store.labels.label_usage import LabelSetCount, NamedTicket
from store.models import model_versions
from store.models.model_versions import ModelVersion
from store.rules import label_history, rulesets, taxonomy
from store.rules.taxonomy import Label

MOST_LISTED = 1_000
_LEVELS = list(Automation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A change of labels, as somebody asks for it.

    Attributes:
        kind: what it is; a label that is retired `after` another is merged into it.
        before: labels in use.
        after: what takes their place; () retires them.
        descriptions: of labels in `after` that are new, or that get another description.
        examples: labelled tickets to import; their labels hold one of `after`.
        tickets: ids of tickets here that carry a label of `after` from now on.
        automation: how much new labels may do; None lets one that is added without tickets be
            suggested only, for a name and a description tell little.
        actor: who asks.
        note: why.
    """

    kind: LabelMove
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)
    examples: Sequence[Ticket] = ()
    tickets: Mapping[str, Sequence[UUID]] = field(default_factory=dict)
    automation: Automation | None = None
    actor: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a change would touch.

    Attributes:
        tickets: imported tickets that people gave one of the labels.
        corrections: tickets whose standing correction names one.
        rules: ids of the rules that name one.
        ruleset: the rules before and after.
        serving: the model that serves, if any.
        is_known: whether it knows a label that takes part.
        change: for the database, without the model.
    """

    tickets: int
    corrections: int
    rules: tuple[str, ...]
    ruleset: tuple[Ruleset, Ruleset]
    serving: ModelVersion | None
    is_known: bool
    change: LabelChange

    @property
    def needs_model(self) -> bool:
        """Whether another model has to be made of the one that serves."""
        if self.change.kind is LabelMove.ADD:
            return self.serving is not None and not self.is_known
        splits = self.change.kind is LabelMove.SPLIT
        return self.serving is not None and (splits or self.is_known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """What else follows from a change.

    Attributes:
        findings: what the linter says of the rules afterwards and did not say before.
        to_relabel: tickets of a label that is to be split, newest first, at most 1,000.
    """

    findings: Sequence[Finding]
    to_relabel: Sequence[NamedTicket]


def look(connection: Connection, wanted: Wanted) -> Outlook:
    """What the change would touch; nothing is changed.

    Raises:
        Invalid: the labels cannot be changed so, or rules name a label that would be gone.
    """
    one_moment(connection)
    found = rulesets.active(connection)
    assert found is not None, "the first migration activates one"
    rules = parse_ruleset(found.document)
    named = rules_naming(rules, wanted.before)
    gone = [name for name in wanted.before if name not in wanted.after]
    if not wanted.after and named:
        problem = f"is named by {'rule' if len(named) == 1 else 'rules'} {', '.join(named)}"
        raise Invalid(gone[0], problem, "change them first, or name a heir: --to LABEL")
    after = relabelled(rules, dict.fromkeys(gone, wanted.after)) if wanted.after else rules
    serving = model_versions.active(connection)
    known = _labels_of(connection, serving)
    _check_addition(connection, wanted, known if serving else None)
    change = LabelChange(
        kind=wanted.kind,
        before=wanted.before,
        after=wanted.after,
        new=_new_rows(connection, wanted, known),
        actor=wanted.actor,
        note=wanted.note,
        ruleset=found.version,
        document=ruleset_object(after) if after != rules else None,
        serving=None if serving is None else serving.version,
    )
    label_moves.check(connection, change)
    tickets, corrections = _naming(
        label_usage.label_sets(connection), label_history.meaning(connection), wanted.before
    )
    return Outlook(
        tickets=tickets,
        corrections=corrections,
        rules=named,
        ruleset=(rules, after),
        serving=serving,
        is_known=bool(known & {*wanted.before, *wanted.after}),
        change=change,
    )


def check(wanted: Wanted) -> None:
    """Whether the names and what teaches them can be meant so.

    Raises:
        Invalid: names what is wrong.
    """
    for name in wanted.after:
        if not name.strip() or name != name.strip():
            raise Invalid("label", "is blank or begins or ends so", "give it a visible name")
    if stray := sorted({*wanted.descriptions} - {*wanted.after}):
        raise Invalid("description", f"is of {stray[0]!r}", "describe one of the new labels")
    taught = wanted.examples or wanted.tickets or wanted.descriptions
    if wanted.kind is LabelMove.ADD and not taught:
        raise Invalid("description", "is missing", "describe the label, or give examples")


def further(connection: Connection, wanted: Wanted, outlook: Outlook) -> Further:
    """What else follows from a change; call it in the transaction of its outlook."""
    names = [label.name for label in taxonomy.labels(connection)]
    departments = [department.name for department in taxonomy.departments(connection)]
    after = [*(name for name in names if name not in wanted.before), *wanted.after]
    old, new = (
        lint(rules, departments=departments, labels=labels)
        for rules, labels in zip(outlook.ruleset, (names, after), strict=True)
    )
    meaning = label_history.meaning(connection)
    asks = wanted.before if wanted.kind is LabelMove.SPLIT else ()
    written = [name for label in asks for name in meaning.names_of(label)]
    return Further(
        findings=[finding for finding in new if finding not in old],
        to_relabel=label_usage.tickets_naming(connection, written, most=MOST_LISTED),
    )


def _labels_of(connection: Connection, serving: ModelVersion | None) -> set[str]:
    if serving is None:
        return set()
    return {*model_versions.find(connection, serving.version).labels}


def _new_rows(connection: Connection, wanted: Wanted, known: set[str]) -> tuple[Label, ...]:
    """Rows to make. Labels that take the place of others may do what the least of them may."""
    if wanted.kind is LabelMove.RENAME:
        return ()
    used = {label.name: label for label in taxonomy.labels(connection)}
    if wanted.kind is LabelMove.ADD:
        level = LabelLevel(automation=_first_level(wanted, known))
        old = [used.get(name, Label(name=name, level=level)) for name in wanted.after]
        return tuple(
            replace(x, description=wanted.descriptions.get(x.name, x.description)) for x in old
        )
    levels = [used[name].level.automation for name in wanted.before if name in used]
    level = LabelLevel(automation=min(levels, key=_LEVELS.index, default=Automation.AUTO))
    return tuple(
        Label(name=name, description=wanted.descriptions.get(name, ""), level=level)
        for name in wanted.after
        if name not in used
    )


def _first_level(wanted: Wanted, known: set[str]) -> Automation:
    """What a label may do that is added."""
    taught = wanted.examples or wanted.tickets or known >= {*wanted.after}
    return wanted.automation or (Automation.AUTO if taught else Automation.SUGGEST)


def _check_addition(connection: Connection, wanted: Wanted, known: Collection[str] | None) -> None:
    """A label that people use or the model knows can be added too, one of both not.

    A model that was made from imported tickets knows labels of which nobody here has heard.
    """
    used = {label.name for label in taxonomy.labels(connection)}
    for name in wanted.after if wanted.kind is LabelMove.ADD else ():
        if name in (used if known is None else used & {*known}):
            fix = "correct tickets, or `pointsman tickets import`, to teach it"
            raise Invalid("label", f"{name!r} is there already", fix)


def _naming(
    sets: Sequence[LabelSetCount], meaning: Meaning, names: Sequence[str]
) -> tuple[int, int]:
    """Imported and corrected tickets that mean one of the labels."""
    counts = {False: 0, True: 0}
    for found in sets:
        if {*meaning.read(found.labels).labels} & {*names}:
            counts[found.corrected] += found.tickets
    return counts[False], counts[True]
