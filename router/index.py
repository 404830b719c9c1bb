"""Which rules could hold for a ticket, found without looking at the others.

A rule's condition is reduced to clauses: sets of keys of each of which at least one must be true
of the ticket. A rule is filed under its rarest clause and skipped when another clause fails. What
has no keys (text, hours, customer patterns, `none`, scores with only an upper bound) has no
clause, and a rule of nothing else is a candidate for every ticket.

The candidates are a superset of the rules that hold, never less: `decide` still checks each.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from router.checks import is_pattern
from router.conditions import FIELDS, Condition, FieldIs, Group, LabelPredicted, ScoreWithin
from router.facts import Facts, Key, field_key

Clause = frozenset[Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Positions of rules, in 0..n-1, by what must be true of a ticket for them to hold.

    Attributes:
        always: positions of rules without a clause.
        filed: positions by each key of the rule's rarest clause.
        clauses: the other clauses of each rule, by position.
        steps: each label's lower score bounds in ascending order, with the key of each.
    """

    always: frozenset[int]
    filed: Mapping[Key, tuple[int, ...]]
    clauses: Sequence[tuple[Clause, ...]]
    steps: Mapping[str, tuple[list[float], list[Key]]]

    @property
    def fields(self) -> frozenset[str]:
        """Which of a ticket's fields are asked for."""
        named = {key[0] for key in self.filed}
        named.update(key[0] for rule in self.clauses for clause in rule for key in clause)
        return frozenset(named & set(FIELDS))

    def candidates(self, facts: Facts) -> list[int]:
        """Positions of the rules that could hold, in ascending order."""
        return self.possible(facts.keys, facts.scores)

    def possible(self, keys: set[Key], scores: Mapping[str, float]) -> list[int]:
        """The same by keys and scores, where there are no more facts."""
        keys = keys | self._score_keys(scores) if self.steps else keys
        clauses, found = self.clauses, set(self.always)
        filed = self.filed
        for key in keys:
            for position in filed.get(key, ()):
                for clause in clauses[position]:
                    if clause.isdisjoint(keys):
                        break
                else:
                    found.add(position)
        return sorted(found)

    def _score_keys(self, scores: Mapping[str, float]) -> set[Key]:
        keys: set[Key] = set()
        for label, (bounds, names) in self.steps.items():
            score = scores.get(label)
            if score is not None and score >= bounds[0]:
                keys.update(names[: bisect_right(bounds, score)])
        return keys


def build_index(conditions: Sequence[Condition]) -> Index:
    """Files each condition by its position."""
    clauses = [_quickest(_clauses(condition)) for condition in conditions]
    rarity = Counter(key for rule in clauses for clause in rule for key in clause)
    filed: dict[Key, list[int]] = {}
    others: list[tuple[Clause, ...]] = []
    for position, rule in enumerate(clauses):
        rarest = min(rule, key=lambda clause: sum(rarity[key] for key in clause), default=None)
        others.append(tuple(clause for clause in rule if clause != rarest))
        for key in rarest or ():
            filed.setdefault(key, []).append(position)
    return Index(
        always=frozenset(position for position, rule in enumerate(clauses) if not rule),
        filed={key: tuple(positions) for key, positions in filed.items()},
        clauses=others,
        steps=_steps(rarity),
    )


def _quickest(clauses: list[Clause]) -> list[Clause]:
    """The clauses without scores, which have to be compared, unless there are no others."""
    plain = [clause for clause in clauses if not any(map(_is_score, clause))]
    return plain or clauses


def _clauses(condition: Condition) -> list[Clause]:
    match condition:
        case LabelPredicted(label=label):
            return [frozenset({("label", label)})]
        case ScoreWithin(label=label, at_least=float(bound)):
            return [frozenset({_score_key(label, bound)})]
        case FieldIs() if not any(map(is_pattern, condition.values)):
            return [frozenset(field_key(condition.field, value) for value in condition.values)]
        case Group(kind="all"):
            return [clause for inner in condition.conditions for clause in _clauses(inner)]
        case Group(kind="any"):
            return _either(map(_clauses, condition.conditions))
        case _:
            return []


def _either(branches: Iterable[list[Clause]]) -> list[Clause]:
    """One clause for an `any` group, if each branch has one: the smallest of each, united."""
    smallest = [min(branch, key=len, default=Clause()) for branch in branches]
    return [Clause().union(*smallest)] if all(smallest) else []


def _score_key(label: str, bound: float) -> Key:
    return f"score {label}", bound


def _is_score(key: Key) -> bool:
    return isinstance(key[1], float)


def _steps(keys: Iterable[Key]) -> dict[str, tuple[list[float], list[Key]]]:
    steps: dict[str, tuple[list[float], list[Key]]] = {}
    for name, bound in sorted(filter(_is_score, keys)):
        bounds, names = steps.setdefault(name.removeprefix("score "), ([], []))
        bounds.append(float(bound))
        names.append((name, bound))
    return steps
