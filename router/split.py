"""Which phrases of a ticket speak for which of its departments: a proposal to split it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.types import Routing
from router.conditions import LabelPredicted, ScoreWithin, walk
from router.ruleset import Ruleset

_LEAST = 0.05  # log-odds; what carries less speaks for nobody

Place = tuple[int, int]
"""Characters from and up to which a phrase stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One department's share of a ticket; `labels` are what brought the department in."""

    department: str
    labels: tuple[str, ...]
    phrases: tuple[Place, ...]


def split(
    routing: Routing, ruleset: Ruleset, carried: Mapping[str, Mapping[Place, float]]
) -> tuple[Part, ...]:
    """A part for each department, the primary first; () where there is only one.

    Each phrase goes to the department for one of whose labels it carried most.

    Args:
        routing: the decision.
        ruleset: the rules that made it.
        carried: by label the log-odds that each phrase adds to it.
    """
    if not routing.collaborators:
        return ()
    departments = (routing.primary, *routing.collaborators)
    labels = {each: _labels_for(each, routing, ruleset) for each in departments}
    homes = _homes(labels, carried)
    return tuple(
        Part(
            department=each,
            labels=labels[each],
            phrases=tuple(sorted(place for place, home in homes.items() if home == each)),
        )
        for each in departments
    )


def _labels_for(department: str, routing: Routing, ruleset: Ruleset) -> tuple[str, ...]:
    """Predicted labels that a rule asks for which held and names the department."""
    held = {record["rule"] for record in routing.trace if record["held"]}
    asked = {
        part.label
        for rule in ruleset.rules
        if rule.id in held and department in (rule.primary, *rule.collaborators)
        for part in (walk(rule.when) if rule.when is not None else ())
        if isinstance(part, LabelPredicted | ScoreWithin)
    }
    return tuple(label for label in routing.labels if label in asked)


def _homes(
    labels: Mapping[str, Sequence[str]], carried: Mapping[str, Mapping[Place, float]]
) -> dict[Place, str]:
    best: dict[Place, tuple[float, str]] = {}
    for weight, place, department in _weighed(labels, carried):
        if weight > best.get(place, (_LEAST, ""))[0]:
            best[place] = (weight, department)
    return {place: department for place, (_, department) in best.items()}


def _weighed(
    labels: Mapping[str, Sequence[str]], carried: Mapping[str, Mapping[Place, float]]
) -> Iterator[tuple[float, Place, str]]:
    for department, own in labels.items():
        for label in own:
            for place, weight in carried.get(label, {}).items():
                yield weight, place, department
