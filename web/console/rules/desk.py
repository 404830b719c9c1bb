"""What the rules page shows of a draft: its rules in sequence, and all that is to be said of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.changes import Change
from router.conditions import describe, walk
from router.lint import Finding, Severity
from router.ruleset import Rule, Ruleset
from store.rules.rulesets import Revision
from web.console.rules.bench import Bench
from web.console.rules.edits import difference

SHOWN = 200
"""Rules on one page of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule of the list.

    Attributes:
        place: at which it is considered, counted from 0.
        held: for how many of the decisions looked at; None where that is not counted yet.
        won: of how many it named the primary department.
        state: `new`, `changed` or nothing, beside the revision that the draft was made on.
        when_over: whether the time in which it is in effect has ended.
    """

    place: int
    rule: Rule
    held: int | None
    won: int | None
    state: str
    when_over: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The list, and what is said of the draft as a whole.

    Attributes:
        lines: of this page of the list.
        of: rules that the list has over all its pages.
        change: from the revision that the draft was made on.
        removed: rules that the draft lacks.
        general: findings that are about no rule.
        errors: findings that stand in the way of saving.
    """

    lines: tuple[RuleLine, ...]
    of: int
    change: Change
    removed: tuple[Rule, ...]
    default_was: str
    general: tuple[Finding, ...]
    errors: int
    warnings: int

    @property
    def differs(self) -> bool:
        """Whether there is something to save."""
        return bool(self.change.diff)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overtaken:
    """What somebody else saved since the draft was begun.

    Attributes:
        by: the revision that stands now.
        change: from the one that the draft was made on.
        both: ids of the rules that both changed, and not alike.
    """

    by: Revision
    change: Change
    both: tuple[str, ...]


def make_desk(bench: Bench, before: Ruleset, findings: Sequence[Finding], now: datetime) -> Desk:
    """The page of a draft.

    Args:
        bench: the draft.
        before: the rules that it was made on.
        findings: what is wrong with the draft.
        now: aware.
    """
    change = difference(before, bench.draft)
    beside: dict[str | None, list[Finding]] = defaultdict(list)
    for finding in findings:
        beside[finding.rule].append(finding)
    found = list(_found(bench.draft, bench.find))
    shown = found[bench.skip : bench.skip + SHOWN]
    states = dict.fromkeys(change.added, "new") | dict.fromkeys(change.changed, "changed")
    return Desk(
        lines=tuple(_line(bench, place, rule, states, beside, now) for place, rule in shown),
        of=len(found),
        change=change,
        removed=tuple(rule for rule in before.rules if rule.id in set(change.removed)),
        default_was=before.default_department,
        general=tuple(beside[None]),
        errors=sum(finding.severity is Severity.ERROR for finding in findings),
        warnings=sum(finding.severity is Severity.WARNING for finding in findings),
    )


def _line(
    bench: Bench,
    place: int,
    rule: Rule,
    states: Mapping[str, str],
    beside: Mapping[str | None, Sequence[Finding]],
    now: datetime,
) -> RuleLine:
    held, won = (None, None) if bench.hits is None else bench.hits.rules.get(rule.id, (0, 0))
    return RuleLine(
        place=place,
        rule=rule,
        held=held,
        won=won,
        state=states.get(rule.id, ""),
        when_over=rule.effective_to is not None and rule.effective_to <= now,
        findings=tuple(beside.get(rule.id, ())),
    )


def _found(ruleset: Ruleset, words: str) -> Iterator[tuple[int, Rule]]:
    """The rules that hold these words in their id, description, departments or condition."""
    wanted = words.casefold().split()
    for place, rule in enumerate(ruleset.rules):
        if not wanted or all(word in _words(rule) for word in wanted):
            yield place, rule


def _words(rule: Rule) -> str:
    told = " ".join(map(describe, () if rule.when is None else walk(rule.when)))
    named = (rule.id, rule.description or "", rule.primary or "", *rule.collaborators, told)
    return " ".join(named).casefold()
