"""Sorts stored decisions into those that a proposal can touch and those that stay as they are."""

from collections.abc import Mapping

from core.types import Ticket
from router.backtest import Proposal
from router.conditions import FIELDS
from router.facts import keys_of
from router.policy import Policy, relevelled
from router.reach import PolicyReach, RuleReach, policy_reach, rule_reach
from router.ruleset import Ruleset
from store.decided.replay import Outline


class Sieve:
    """What one proposal can touch, by the rules and policies that decisions were made with.

    Args:
        proposal: what is tried.
        rulesets: those of then by revision; decisions of others are all kept.
        policies: those of then by version.

    Attributes:
        labels: those whose scores `touches` looks at.
    """

    def __init__(
        self,
        proposal: Proposal,
        *,
        rulesets: Mapping[int, Ruleset],
        policies: Mapping[str | None, Policy],
    ) -> None:
        self._rules: dict[int, RuleReach] = {
            version: rule_reach(ruleset, proposal.ruleset) for version, ruleset in rulesets.items()
        }
        self._policies: dict[str | None, PolicyReach] = {
            version: policy_reach(policy, relevelled(policy, proposal.levels))
            for version, policy in policies.items()
        }
        self.labels = frozenset().union(
            *(reach.labels for reach in self._policies.values()),
            *(reach.index.steps for reach in self._rules.values()),
        )
        asked = {name for reach in self._rules.values() for name in reach.index.fields}
        self._fields = tuple(name for name in FIELDS if name in asked)
        self._known: dict[object, bool] = {}

    def touches(self, outline: Outline) -> bool:
        """Whether the decision can come out otherwise."""
        if self.labels:
            return self._looked_at(outline)
        # Few combinations of what is asked for occur, and a look-up is quicker than a look.
        asked = [getattr(outline, name) for name in self._fields]
        key = (outline.ruleset, outline.rule is None, *asked, *outline.labels)
        if key not in self._known:
            self._known[key] = self._looked_at(outline)
        return self._known[key]

    def _looked_at(self, outline: Outline) -> bool:
        reach = self._rules.get(outline.ruleset)
        scores = outline.scores or {}
        if reach is None or self._policies[outline.thresholds].touches(scores):
            return True
        asked = {name: getattr(outline, name) for name in self._fields}
        described = Ticket(id="", subject="", body="", **asked)
        return reach.touches(keys_of(outline.labels, described), scores, outline.rule)
