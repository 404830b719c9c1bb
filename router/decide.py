"""The decision: scores, policy, rules and a ticket in; departments, reason and trace out.

Nothing is loaded, saved or measured here, and time is an argument, so that the same input gives
the same decision in production, in a dry run and in a backtest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.text import plain_text
from core.types import Reason, Routing, Rung, Ticket
from router.checks import Record
from router.facts import Facts
from router.policy import Policy
from router.rulebook import Rulebook
from router.ruleset import Rule


def decide(
    *,
    scores: Mapping[str, float],
    policy: Policy,
    rulebook: Rulebook,
    ticket: Ticket,
    rung: Rung,
    now: datetime,
) -> Routing:
    """Gives a ticket exactly one primary department, and says why.

    Rules are considered by ascending order. The first that holds and names a primary sets it;
    collaborators add up; a rule with `stop` that holds is the last one considered. Without a
    primary the default department takes the ticket. It does not raise, whatever the scores:
    a label unknown to the model does not hold, nor does one whose score is NaN. To rules a label
    below level auto is an unknown label, and in a language that the scorer is not fit for every
    label is.

    Args:
        scores: probability in [0, 1] by label; empty when nobody could score.
        policy: what each label may do; one that is missing counts from 0.5.
        rulebook: from `compile_rulebook`; its `unindexed()` form traces every enabled rule.
        ticket: the ticket, cleaned.
        rung: who scored it.
        now: the moment of the decision, aware; rules on hours go by it.

    Returns:
        The routing. Its trace has a record for each rule considered: `rule`, `order`, `held`,
        `conditions` (see `checks.compile_condition`) and `effect`, empty if nothing was done.
    """
    understood = policy.understands(ticket.language)
    seen = policy.seen_by_rules(scores) if understood else {}
    facts = Facts(scores=seen, thresholds=policy.auto_from, ticket=ticket, now=now)
    outcome = _apply_rules(rulebook, facts)
    primary = outcome.primary or rulebook.default_department
    preselected, suggested = policy.offered(scores) if understood else ((), ())
    return Routing(
        primary=primary,
        collaborators=tuple(name for name in outcome.collaborators if name != primary),
        labels=facts.predicted,
        reason=Reason.RULE
        if outcome.primary
        else _default_reason(
            facts, rung, is_held=policy.holds_back(scores), is_understood=understood
        ),
        rule=outcome.rule,
        trace=outcome.trace,
        preselected=preselected,
        suggested=suggested,
    )


def follow(routing: Routing, department: str) -> Routing:
    """The routing of a ticket that is part of an incident: by its department, whatever rules say.

    Where rules say the same, they are why.
    """
    if routing.primary == department:
        return routing
    others = tuple(name for name in routing.collaborators if name != department)
    return replace(
        routing, primary=department, collaborators=others, reason=Reason.INCIDENT, rule=None
    )


@dataclass(slots=True, kw_only=True)
class _Outcome:
    primary: str | None = None
    rule: str | None = None
    collaborators: list[str] = field(default_factory=list)
    trace: list[Record] = field(default_factory=list)


def _apply_rules(rulebook: Rulebook, facts: Facts) -> _Outcome:
    outcome = _Outcome()
    for compiled in rulebook.candidates(facts):
        rule = compiled.rule
        held, conditions = compiled.examine(facts)
        outcome.trace.append(
            {
                "rule": rule.id,
                "order": rule.order,
                "held": held,
                "conditions": conditions,
                "effect": ", ".join(_take_effect(rule, outcome)) if held else "",
            }
        )
        if held and rule.stop:
            break
    return outcome


def _take_effect(rule: Rule, outcome: _Outcome) -> list[str]:
    effects = []
    if rule.primary is not None:
        effects.append(_set_primary(rule.primary, rule.id, outcome))
    for department in rule.collaborators:
        effects.append(_add_collaborator(department, outcome))
    if rule.stop:
        effects.append("stopped")
    return effects


def _set_primary(department: str, rule: str, outcome: _Outcome) -> str:
    if outcome.primary is not None:
        return "primary already set"
    outcome.primary, outcome.rule = department, rule
    return f"primary {department}"


def _add_collaborator(department: str, outcome: _Outcome) -> str:
    if department == outcome.primary:
        return f"{department} is primary"
    if department in outcome.collaborators:
        return f"{department} already added"
    outcome.collaborators.append(department)
    return f"added {department}"


def _default_reason(facts: Facts, rung: Rung, *, is_held: bool, is_understood: bool) -> Reason:
    if not (plain_text(facts.ticket.subject).strip() or plain_text(facts.ticket.body).strip()):
        return Reason.EMPTY_TEXT
    if not is_understood:
        return Reason.UNSUPPORTED_LANGUAGE
    if rung is Rung.DEFAULT:
        return Reason.MODEL_UNAVAILABLE
    if is_held:
        return Reason.EXCLUDED_LABEL
    return Reason.NO_RULE if facts.predicted else Reason.BELOW_THRESHOLD
