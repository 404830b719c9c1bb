"""Which decisions an edit can touch: all others keep their outcome and need not be made again.

What is left out here is left out for certain; what is kept may still come out the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from core.types import Automation
from router.facts import DEFAULT_THRESHOLD, Key
from router.index import Index, build_index
from router.policy import LabelPolicy, Policy
from router.rulebook import condition_of
from router.ruleset import Rule, Ruleset

_HELD = (Automation.SHADOW, Automation.SUGGEST, Automation.PRESELECT)
_TICKED = (Automation.PRESELECT, Automation.AUTO)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReach:
    """What one ruleset in place of another can touch.

    A ticket for which no changed rule holds meets the same rules in the same order in both.

    Attributes:
        index: of the enabled rules that only one of the two has, or that moved past others.
        default_changed: whether what no rule takes goes elsewhere.
    """

    index: Index
    default_changed: bool

    def touches(self, keys: set[Key], scores: Mapping[str, float], rule: str | None) -> bool:
        """Whether a decision can change.

        Args:
            keys: what is true of the ticket, from `facts.keys_of` of the labels decided.
            scores: those that rules saw.
            rule: that named the primary department; None when the default took the ticket.
        """
        if self.default_changed and rule is None:
            return True
        return bool(self.index.possible(keys, scores))


def rule_reach(before: Ruleset, after: Ruleset) -> RuleReach:
    """What `after` in place of `before` can touch."""
    return RuleReach(
        index=build_index([condition_of(rule) for rule in _changed(before, after)]),
        default_changed=before.default_department != after.default_department,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReach:
    """What one policy in place of another can touch: both sides of the labels that differ."""

    labels: Mapping[str, tuple[LabelPolicy, LabelPolicy]]

    def touches(self, scores: Mapping[str, float]) -> bool:
        """Whether a decision on these scores can change."""
        return any(
            _powers(old, scores[label]) != _powers(new, scores[label])
            for label, (old, new) in self.labels.items()
            if label in scores
        )


def policy_reach(before: Policy, after: Policy) -> PolicyReach:
    """What `after` in place of `before` can touch."""
    names = dict.fromkeys([*before.by_label, *after.by_label])
    pairs = {name: (_of(before, name), _of(after, name)) for name in names}
    return PolicyReach(labels={name: pair for name, pair in pairs.items() if pair[0] != pair[1]})


def _changed(before: Ruleset, after: Ruleset) -> list[Rule]:
    """Enabled rules that are not in both in the same sequence; an order alone says nothing."""
    old, new = [_plain(rule) for rule in before.enabled], [_plain(rule) for rule in after.enabled]
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [step for step in steps if step[0] != "equal"]
    return [
        rule
        for _, old_from, old_to, new_from, new_to in changed
        for rule in (*old[old_from:old_to], *new[new_from:new_to])
    ]


def _plain(rule: Rule) -> Rule:
    """The rule without what does not decide."""
    return replace(rule, order=0, description=None)


def _of(policy: Policy, label: str) -> LabelPolicy:
    """What a label may do; one that the policy lacks counts from the default threshold."""
    return policy.by_label.get(
        label,
        LabelPolicy(
            automation=Automation.AUTO,
            preselect_from=DEFAULT_THRESHOLD,
            auto_from=DEFAULT_THRESHOLD,
        ),
    )


def _powers(own: LabelPolicy, score: float) -> tuple[bool, ...]:
    """All that a decision takes from a label at this score."""
    level, auto, shown = own.automation, score >= own.auto_from, score >= own.preselect_from
    return (
        level is Automation.AUTO,
        level is Automation.AUTO and auto,
        level in _HELD and auto,
        level in _TICKED and shown,
        level is Automation.SUGGEST and shown,
    )
