"""Where labels lead: which rules a label helps to hold, and which departments those name."""

from collections.abc import Iterator, Mapping

from router.conditions import Condition, Group, LabelPredicted, ScoreWithin
from router.ruleset import Ruleset


def labels_asked_for(when: Condition | None) -> Iterator[str]:
    """Labels that help a rule to hold, not those that keep it from holding."""
    match when:
        case Group(kind="all" | "any", conditions=conditions):
            for inner in conditions:
                yield from labels_asked_for(inner)
        case LabelPredicted(label=label) | ScoreWithin(label=label, at_least=float()):
            yield label


def departments_by_label(ruleset: Ruleset) -> Mapping[str, tuple[str, ...]]:
    """The primary departments that each label can lead to, in order of the enabled rules."""
    found: dict[str, dict[str, None]] = {}
    for rule in ruleset.enabled:
        if rule.primary is not None:
            for label in labels_asked_for(rule.when):
                found.setdefault(label, {})[rule.primary] = None
    return {label: tuple(departments) for label, departments in found.items()}
