"""A stored decision made again: as it was recorded, or under other rules, thresholds or scores.

Nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import Routing
from router.backtest import Case, again, differences
from router.history import Past
from router.policy import Policy, make_policy
from router.rulebook import compile_rulebook
from router.trying import Attempt, routing_object
from store.decided import replay
from store.decided.replay import Decided
from store.rules import taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """In place of what then was; None leaves that as it was.

    Attributes:
        ruleset: a revision of the rules.
        thresholds: a version of thresholds and levels.
        scored: scores and thresholds of another model version (`worker.explained`); levels are
            those of today.
    """

    ruleset: int | None = None
    thresholds: str | None = None
    scored: Mapping[str, Any] | None = None

    @property
    def is_record(self) -> bool:
        """Whether nothing is changed, so that the trace has to be equal too."""
        return self == Under()


def replay_object(connection: Connection, ticket_id: UUID, under: Under) -> dict[str, Any] | None:
    """The decision that would have been made, JSON-ready; None while no decision stands.

    Raises:
        Invalid: there is no such revision of the rules, or version of thresholds.
    """
    found = replay.decided_now(connection, ticket_id)
    if found is None:
        return None
    past = Past(
        connection,
        rulesets=[found.ruleset, *([] if under.ruleset is None else [under.ruleset])],
        policies=[found.thresholds, under.thresholds],
    )
    _check(past, under)
    case, version = past.case(found), under.ruleset or found.ruleset
    if case is None:
        return _missing_object(found, "the thresholds and levels of then")
    if version not in past.rulesets:
        return _missing_object(found, "the rules of then")
    changed = _changed(connection, case, past, under)
    remade = again(changed, compile_rulebook(past.rulesets[version]))
    told = differences(case.made, remade) if under.is_record else _told(case, changed, remade)
    return {
        **_head(found),
        "same": not told,
        "differences": list(told),
        "missing": None,
        "decision": routing_object(remade),
        "scores": dict(changed.scores),
    }


def _check(past: Past, under: Under) -> None:
    if under.ruleset is not None and under.ruleset not in past.rulesets:
        fix = "see `GET /v1/rules/revisions`"
        raise Invalid("ruleset", f"{under.ruleset} is no revision of the rules", fix)
    if under.thresholds is not None and under.thresholds not in past.policies:
        fix = "take `thresholds_version` of a decision"
        raise Invalid("thresholds", "is no version that decided anything", fix)


def _changed(connection: Connection, case: Case, past: Past, under: Under) -> Case:
    policy = case.policy if under.thresholds is None else past.policies[under.thresholds]
    if under.scored is None:
        return replace(case, policy=policy)
    if under.thresholds is None:
        policy = _policy_of_today(connection, under.scored["thresholds"], case)
    return replace(case, policy=policy, scores=policy.known(under.scored["scores"]))


def _policy_of_today(connection: Connection, thresholds: Mapping[str, float], case: Case) -> Policy:
    levels = {label.name: label.level for label in taxonomy.labels(connection)}
    return make_policy(thresholds, levels, case.policy.languages)


def _told(case: Case, changed: Case, remade: Routing) -> tuple[str, ...]:
    found = Attempt(routing=remade, made=case.made).differences
    return (*found, *(("scores",) if dict(changed.scores) != dict(case.scores) else ()))


def _head(found: Decided) -> dict[str, Any]:
    return {"ticket_id": str(found.ticket_id), "revision": found.revision}


def _missing_object(found: Decided, what: str) -> dict[str, Any]:
    told = {"same": False, "differences": [], "missing": what, "decision": None, "scores": None}
    return {**_head(found), **told}
