"""Rules that people's corrections ask for: patterns whose tickets they keep putting elsewhere.

Pure. Candidates are single features and pairs of them that enough corrections share, found level
by level (Agrawal and Srikant, "Fast Algorithms for Mining Association Rules", 1994); what a
candidate would be worth is counted over every judged ticket, those that were right too.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

from router.conditions import Condition, FieldIs, FieldName, Group, LabelPredicted, TextContains
from router.ruleset import Rule, Ruleset

MOST_SUGGESTIONS = 10
_MOST_FEATURES = 200  # a department, the most frequent first; bounds the pairs to 19,900
_MOST_GOOD = 100  # of them the ones that do not overlap are chosen
_WORD = re.compile(r"(?<!\w)[^\W\d_]{4,40}(?!\w)")
_PATTERN = re.compile(r"[*?\[]")  # of a rule's customers; a name with one would mean more
_MOST_CHARS = 200  # of a value in a rule
_FIELDS: tuple[FieldName, ...] = ("channel", "language", "customer")

Feature: TypeAlias = tuple[str, str]
"""What is true of a ticket: ("label", "refund"), ("channel", "email"), ("word", "invoice")."""
Pattern: TypeAlias = tuple[Feature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A decision on which people said where the ticket belongs.

    Attributes:
        sent_to: primary department of the decision.
        belongs: where people put it; the same where the decision was right.
        subject: words of it may become conditions; "" where it is not looked at.
    """

    labels: tuple[str, ...]
    sent_to: str
    belongs: str
    channel: str | None = None
    language: str | None = None
    customer: str | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A rule and what speaks for it.

    Attributes:
        pattern: what its tickets share, one feature or two.
        support: corrections that it would have made needless.
        judged: tickets with the pattern on which people gave their word.
        right: of those, the ones that belong to its department.
        harmed: of those, the ones that were right and would go astray.
    """

    department: str
    pattern: Pattern
    support: int
    judged: int
    right: int
    harmed: int

    @property
    def precision(self) -> float:
        """Share of the judged tickets that belong to its department, in (0, 1]."""
        return self.right / self.judged


def suggest(
    judged: Sequence[Judged], *, least_support: int, least_precision: float
) -> tuple[Suggestion, ...]:
    """At most ten suggestions, the most needless corrections first.

    A pair is only suggested where it is more precise than each of its features. What one
    suggestion covers does not count for the next.

    Args:
        judged: any number; the time grows with it and not with its square.
        least_support: fewest corrections behind a suggestion, 1 or more.
        least_precision: in (0, 1].
    """
    rows = [(frozenset(_features(each)), each) for each in judged]
    kept: list[Suggestion] = []
    wrong = [(features, each) for features, each in rows if each.sent_to != each.belongs]
    patterns = _patterns(wrong, least_support)
    known = _counted(rows, patterns)
    good = [
        each
        for each in known.values()
        if each.support >= least_support and each.precision >= least_precision
    ]
    good = [each for each in good if _adds(each, known)]
    good = sorted(good, key=lambda each: (each.harmed - each.support, each.pattern))[:_MOST_GOOD]
    open_: list[tuple[frozenset[Feature], Judged]] = wrong
    while good and len(kept) < MOST_SUGGESTIONS:
        left = {each: _covers(each, open_) for each in good}
        best = max(left, key=lambda each: (left[each] - each.harmed, each.precision, each.pattern))
        if left[best] < least_support or left[best] <= best.harmed:
            break
        kept.append(best)
        good.remove(best)
        open_ = [row for row in open_ if not _fits(best, row)]
    return tuple(kept)


def rule_of(suggestion: Suggestion, ruleset: Ruleset) -> Rule:
    """A ready rule that no rule of the ruleset overrules.

    Its id is free, and its order is before that of every rule that names a primary.
    """
    taken = {rule.id for rule in ruleset.rules}
    names = (f"suggested-{number}" for number in range(1, len(taken) + 2))
    conditions = tuple(_condition(feature) for feature in suggestion.pattern)
    share = f"{suggestion.right} of {suggestion.judged}"
    return Rule(
        id=next(name for name in names if name not in taken),
        order=_order_before(ruleset),
        description=f"People put {share} such tickets into {suggestion.department}.",
        when=conditions[0] if len(conditions) == 1 else Group(kind="all", conditions=conditions),
        primary=suggestion.department,
    )


def with_rule(ruleset: Ruleset, rule: Rule) -> Ruleset:
    """The ruleset with one more rule; where its order is taken, the others move up by one."""
    if all(each.order != rule.order for each in ruleset.rules):
        return replace(ruleset, rules=(*ruleset.rules, rule))
    moved = (replace(each, order=each.order + 1) for each in ruleset.rules)
    return replace(ruleset, rules=(*moved, rule))


def matches(suggestion: Suggestion, judged: Judged) -> bool:
    """Whether a ticket has the pattern, wherever it belongs."""
    return set(suggestion.pattern).issubset(_features(judged))


def pattern_words(pattern: Pattern) -> str:
    """A pattern in one line."""
    words = {"label": "{} is predicted", "word": "subject contains {}"}
    return " and ".join(words.get(kind, kind + " is {}").format(value) for kind, value in pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two labels that people keep exchanging: `corrections` took one away and gave the other."""

    labels: tuple[str, str]
    corrections: int


def overlaps(
    changes: Iterable[tuple[Iterable[str], Iterable[str]]], *, least: int
) -> tuple[Overlap, ...]:
    """Pairs of labels that at least `least` corrections exchanged, most first, at most ten.

    Args:
        changes: labels of a decision, and what people made of them.
        least: 1 or more.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for before, after in changes:
        gone, came = set(before) - set(after), set(after) - set(before)
        counts.update((min(a, b), max(a, b)) for a in gone for b in came)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    found = [Overlap(labels=pair, corrections=n) for pair, n in ranked if n >= least]
    return tuple(found[:MOST_SUGGESTIONS])


def _features(judged: Judged) -> Iterator[Feature]:
    yield from (("label", label) for label in judged.labels)
    for name in _FIELDS:
        value = getattr(judged, name)
        if value and len(value) <= _MOST_CHARS and not _PATTERN.search(value):
            yield name, value
    yield from (("word", word.casefold()) for word in set(_WORD.findall(judged.subject)))


def _patterns(
    wrong: Iterable[tuple[frozenset[Feature], Judged]], least: int
) -> dict[Pattern, set[str]]:
    """Departments by the features, and pairs of these, that enough of their corrections share."""
    by_department: defaultdict[str, list[frozenset[Feature]]] = defaultdict(list)
    for features, each in wrong:
        by_department[each.belongs].append(features)
    found: defaultdict[Pattern, set[str]] = defaultdict(set)
    for department, rows in by_department.items():
        counts = Counter(feature for features in rows for feature in features)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_FEATURES]
        often = {feature for feature, count in ranked if count >= least}
        pairs = Counter(
            pair for features in rows for pair in combinations(sorted(features & often), 2)
        )
        for feature in often:
            found[(feature,)].add(department)
        for pair, count in pairs.items():
            if count >= least:
                found[pair].add(department)
    return found


def _counted(
    rows: Iterable[tuple[frozenset[Feature], Judged]], patterns: dict[Pattern, set[str]]
) -> dict[tuple[Pattern, str], Suggestion]:
    """What each pattern is worth for each of its departments, over every judged ticket."""
    asked = {feature for pattern in patterns for feature in pattern}
    ends: Counter[tuple[Pattern, str, bool]] = Counter()
    for features, each in rows:
        seen = sorted(features & asked)
        was_right = each.sent_to == each.belongs
        for pattern in (*((feature,) for feature in seen), *combinations(seen, 2)):
            if pattern in patterns:
                ends[pattern, each.belongs, was_right] += 1
    totals: Counter[Pattern] = Counter()
    correct: Counter[Pattern] = Counter()
    for (pattern, _, was_right), count in ends.items():
        totals[pattern] += count
        correct[pattern] += count * was_right
    return {
        (pattern, department): Suggestion(
            department=department,
            pattern=pattern,
            support=ends[pattern, department, False],
            judged=totals[pattern],
            right=ends[pattern, department, False] + ends[pattern, department, True],
            harmed=correct[pattern] - ends[pattern, department, True],
        )
        for pattern, departments in patterns.items()
        for department in departments
    }


def _adds(suggestion: Suggestion, known: dict[tuple[Pattern, str], Suggestion]) -> bool:
    """Whether a pair is more precise than each of its features alone."""
    if len(suggestion.pattern) == 1:
        return True
    alone = (known.get(((each,), suggestion.department)) for each in suggestion.pattern)
    return all(one is None or suggestion.precision > one.precision for one in alone)


def _covers(suggestion: Suggestion, rows: Iterable[tuple[frozenset[Feature], Judged]]) -> int:
    return sum(_fits(suggestion, row) for row in rows)


def _fits(suggestion: Suggestion, row: tuple[frozenset[Feature], Judged]) -> bool:
    features, judged = row
    return judged.belongs == suggestion.department and features.issuperset(suggestion.pattern)


def _condition(feature: Feature) -> Condition:
    kind, value = feature
    if kind == "label":
        return LabelPredicted(label=value)
    if kind == "word":
        return TextContains(phrases=(value,), part="subject")
    field = next(name for name in _FIELDS if name == kind)
    return FieldIs(field=field, values=(value,))


def _order_before(ruleset: Ruleset) -> int:
    """Before the first rule that names a primary, in the middle of what is free."""
    orders = [rule.order for rule in ruleset.rules]
    naming = [rule.order for rule in ruleset.enabled if rule.primary is not None]
    if not naming:
        return max(orders, default=0) + 10
    first = naming[0]
    before = max((order for order in orders if order < first), default=None)
    if before is None:
        return max(first - 10, 0) if first else 0
    return first if first - before == 1 else (before + first) // 2
