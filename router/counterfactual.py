"""What would have sent a ticket to another department: the smallest single changes. Pure.

Each alternative is tried through `decide`, the production's own function, on the record of the
decision: one score that crosses one bound, one label on level auto, one rule that is switched off,
or one rule that holds.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

from core.types import Automation, LabelLevel
from router.backtest import Case, again
from router.conditions import ScoreWithin, walk
from router.facts import DEFAULT_THRESHOLD
from router.rulebook import Rulebook, compile_rulebook
from router.ruleset import Rule, Ruleset

SCORE_STEP = 1e-6
"""The smallest difference between two scores that are stored."""
_MOST = 3  # of each kind
_MOST_RULES = 50  # near misses that are tried

Kind = Literal["score", "level", "rule_off", "rule_held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One change, and the department that it would have led to.

    Attributes:
        label: whose score or level changes, else None.
        score: as it was, of the label, in [0, 1].
        needed: the score that would have been enough; None for other kinds.
        rule: which is switched off, or would hold; else None.
        condition: what stands in the way of a rule, in words; None for other kinds.
    """

    kind: Kind
    primary: str
    label: str | None = None
    score: float | None = None
    needed: float | None = None
    rule: str | None = None
    condition: str | None = None

    @property
    def distance(self) -> float:
        """How far the score has to move, in [0, 1]; 0 for other kinds."""
        return 0.0 if self.score is None or self.needed is None else abs(self.score - self.needed)


def alternatives(case: Case, ruleset: Ruleset) -> tuple[Alternative, ...]:
    """The nearest scores that would have changed the primary department, then levels and rules.

    At most three of each kind; of one label or rule the smallest change for each department.

    Args:
        case: the decision with all that it was made from.
        ruleset: the rules of then.
    """
    book = compile_rulebook(ruleset)
    primary = again(case, book).primary
    scores = sorted(_by_score(case, book, ruleset, primary), key=lambda each: each.distance)
    return (
        *_first_of_each(scores),
        *_first_of_each(_by_level(case, book, primary)),
        *_first_of_each(_by_rule(case, ruleset, primary)),
    )


def cuts_of(ruleset: Ruleset, thresholds: Mapping[str, float]) -> dict[str, set[float]]:
    """By label the scores at which something changes: its threshold and the bounds of rules."""
    cuts = {label: {threshold} for label, threshold in thresholds.items()}
    for rule in ruleset.enabled:
        for part in walk(rule.when) if rule.when is not None else ():
            if isinstance(part, ScoreWithin):
                own = cuts.setdefault(part.label, {DEFAULT_THRESHOLD})
                own.update(x for x in (part.at_least, part.below) if x is not None)
    return cuts


def _by_score(case: Case, book: Rulebook, ruleset: Ruleset, primary: str) -> Iterator[Alternative]:
    cuts = cuts_of(ruleset, case.policy.auto_from)
    for label, score in case.scores.items():
        for needed in _across(score, cuts.get(label, {DEFAULT_THRESHOLD})):
            changed = replace(case, scores={**case.scores, label: needed})
            found = again(changed, book).primary
            if found != primary:
                yield Alternative(
                    kind="score", primary=found, label=label, score=score, needed=needed
                )


def _across(score: float, cuts: Collection[float]) -> Iterator[float]:
    """The nearest score beyond each cut: the cut itself from below, a step less from above."""
    for cut in cuts if isfinite(score) else ():
        if score < cut:
            yield cut
        elif cut > 0:
            yield max(0.0, round(cut - SCORE_STEP, 6))


def _by_level(case: Case, book: Rulebook, primary: str) -> Iterator[Alternative]:
    for label, cut in case.policy.held.items():
        score = case.scores.get(label)
        if score is None or score < cut:
            continue
        steers = {label: LabelLevel(automation=Automation.AUTO, auto_from=cut)}
        found = again(case, book, steers).primary
        if found != primary:
            yield Alternative(kind="level", primary=found, label=label, score=score)


def _by_rule(case: Case, ruleset: Ruleset, primary: str) -> Iterator[Alternative]:
    """From the rules that held and one more or less; the others change nothing."""
    full = again(case, compile_rulebook(_without_stops(ruleset)).unindexed())
    held = {record["rule"] for record in full.trace if record["held"]}
    rules = {rule.id: rule for rule in ruleset.enabled}
    for id_ in held:
        rest = [rules[other] for other in held if other != id_]
        found = again(case, _book(ruleset, rest)).primary
        if found != primary:
            yield Alternative(kind="rule_off", primary=found, rule=id_)
    missed = [record for record in full.trace if _nearly_held(record, rules)]
    for record in missed[:_MOST_RULES]:
        tried = replace(rules[record["rule"]], when=None)
        found = again(case, _book(ruleset, [*(rules[id_] for id_ in held), tried])).primary
        if found != primary:
            yield Alternative(
                kind="rule_held", primary=found, rule=tried.id, condition=_missing(record)
            )


def _without_stops(ruleset: Ruleset) -> Ruleset:
    """So that every rule is considered, those after a stop too."""
    return replace(ruleset, rules=tuple(replace(rule, stop=False) for rule in ruleset.rules))


def _book(ruleset: Ruleset, rules: Collection[Rule]) -> Rulebook:
    return compile_rulebook(replace(ruleset, rules=tuple(rules)))


def _nearly_held(record: Mapping[str, object], rules: Mapping[str, Rule]) -> bool:
    conditions = record["conditions"]
    assert isinstance(conditions, list)
    failed = sum(not each["held"] for each in conditions)
    names_one = rules[str(record["rule"])].primary is not None
    return not record["held"] and failed == 1 and names_one


def _missing(record: Mapping[str, object]) -> str:
    conditions = record["conditions"]
    assert isinstance(conditions, list)
    return condition_words(next(each for each in conditions if not each["held"]))


def condition_words(record: Mapping[str, object]) -> str:
    """A condition of a trace in one line."""
    if "condition" in record:
        return str(record["condition"])
    kind = next(name for name in record if name != "held")
    inner = record[kind]
    assert isinstance(inner, list)
    return f"{kind} of ({'; '.join(condition_words(each) for each in inner)})"


def _first_of_each(found: "Iterator[Alternative] | list[Alternative]") -> Iterator[Alternative]:
    """The first of each label or rule and department, three in all."""
    kept: dict[tuple[Kind, str | None, str | None, str], Alternative] = {}
    for each in found:
        kept.setdefault((each.kind, each.label, each.rule, each.primary), each)
    by_kind: dict[Kind, int] = {}
    for each in kept.values():
        by_kind[each.kind] = by_kind.get(each.kind, 0) + 1
        if by_kind[each.kind] <= _MOST:
            yield each
