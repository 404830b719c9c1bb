"""Everything that explains a decision, from its record and what a worker made of its text."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.text import model_text
from core.types import Reason, Routing
from router.backtest import Case
from router.counterfactual import Alternative, alternatives
from router.explain import change_words, no_prediction, rule_words, rung_words, why
from router.facts import DEFAULT_THRESHOLD
from router.history import Past
from router.ruleset import Ruleset
from router.split import Part, Place, split
from store.decided import replay
from store.decided.explanations import Explanation, ExplanationState
from store.decided.replay import Decided
from store.feedback import corrected_tickets

MOST_PHRASES = 8
_SMALL = 0.01  # log-odds


def why_object(
    connection: Connection, ticket_id: UUID, explanation: Explanation | None
) -> dict[str, Any] | None:
    """The answer to `GET /v1/tickets/{id}/why`, JSON-ready; None while no decision stands.

    Args:
        connection: an open transaction.
        ticket_id: which ticket.
        explanation: what stands of it (`store.decided.explanations.ask`); None where nothing
            scored it.
    """
    found = replay.decided_now(connection, ticket_id)
    if found is None:
        return None
    past = Past(connection, rulesets=[found.ruleset], policies=[found.thresholds])
    case, ruleset = past.case(found), past.rulesets.get(found.ruleset)
    text = model_text(found.ticket.subject, found.ticket.body)
    result = None if explanation is None else explanation.result
    parts = () if ruleset is None else split(found.routing, ruleset, _carried(result))
    changes = () if case is None or ruleset is None else _changes(case, ruleset)
    return {
        "ticket_id": str(ticket_id),
        "revision": found.revision,
        "decision": _decision_object(found),
        "no_prediction": _no_prediction_object(found.routing),
        "rules": [_rule_object(record) for record in found.routing.trace],
        "would_change": [_change_object(each) for each in changes],
        "text": text,
        "explanation": _explanation_object(explanation, found, case, text),
        "nearest": _nearest(connection, result),
        "split": [_part_object(part, text) for part in parts],
    }


def _changes(case: Case, ruleset: Ruleset) -> Sequence[Alternative]:
    by_rules = case.made.reason not in (Reason.MANUAL_TRIAGE, Reason.INCIDENT)
    return alternatives(case, ruleset) if by_rules else ()


def _decision_object(found: Decided) -> dict[str, Any]:
    routing = found.routing
    return {
        "primary_department": routing.primary,
        "collaborators": list(routing.collaborators),
        "labels": list(routing.labels),
        "reason": routing.reason.value,
        "rule": routing.rule,
        "words": why(routing.reason, routing.rule),
        "rung": found.rung.value,
        "scored_by": rung_words(found.rung),
        "ruleset_version": found.ruleset,
        "thresholds_version": found.thresholds,
        "decided_at": found.decided_at.isoformat(),
    }


def _no_prediction_object(routing: Routing) -> dict[str, str] | None:
    words = no_prediction(routing.reason)
    return None if words is None else {"reason": routing.reason.value, "words": words}


def _rule_object(record: Mapping[str, Any]) -> dict[str, Any]:
    names = ("rule", "order", "held", "effect")
    return {**{name: record[name] for name in names}, "words": rule_words(record)}


def _change_object(change: Alternative) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "primary_department": change.primary,
        "label": change.label,
        "score": change.score,
        "needed": change.needed,
        "rule": change.rule,
        "condition": change.condition,
        "words": change_words(change),
    }


def _explanation_object(
    explanation: Explanation | None, found: Decided, case: Case | None, text: str
) -> dict[str, Any]:
    if explanation is None:
        return {"state": "none", "error": None, "method": None, "made_at": None, "labels": []}
    made, result = explanation.made_at, explanation.result
    return {
        "state": (ExplanationState.MADE if result is not None else explanation.state).value,
        "error": explanation.error,
        "method": None if result is None else result["method"],
        "made_at": None if made is None else made.isoformat(),
        "labels": [] if result is None else _labels(result, found, case, text),
    }


def _labels(
    result: Mapping[str, Any], found: Decided, case: Case | None, text: str
) -> list[dict[str, Any]]:
    cuts = {} if case is None else case.policy.auto_from
    return [
        {
            "label": label,
            "place": _place(label, found.routing),
            "score": found.scores.get(label),
            "threshold": cuts.get(label, DEFAULT_THRESHOLD),
            "aside": own["aside"],
            "phrases": _phrases(own["phrases"], text),
        }
        for label, own in sorted(
            result["labels"].items(), key=lambda item: -found.scores.get(item[0], 0.0)
        )
    ]


def _place(label: str, routing: Routing) -> str:
    if label in routing.labels:
        return "predicted"
    if label in routing.preselected:
        return "preselected"
    return "suggested" if label in routing.suggested else "near_miss"


def _phrases(phrases: Sequence[Mapping[str, Any]], text: str) -> list[dict[str, Any]]:
    """Those that matter, the strongest first; `text` is what stands there."""
    strong = [each for each in phrases if abs(each["weight"]) >= _SMALL]
    strong.sort(key=lambda each: (-abs(each["weight"]), each["start"]))
    return [{**each, "text": text[each["start"] : each["end"]]} for each in strong[:MOST_PHRASES]]


def _carried(result: Mapping[str, Any] | None) -> dict[str, dict[Place, float]]:
    return {
        label: {(each["start"], each["end"]): each["weight"] for each in own["phrases"]}
        for label, own in (result or {"labels": {}})["labels"].items()
    }


def _nearest(connection: Connection, result: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The corrected tickets most like this one, with what stands about them by now."""
    near = {
        (UUID(each["ticket_id"]), int(each["revision"])): float(each["similarity"])
        for each in (result or {}).get("nearest", [])
    }
    told = corrected_tickets.words_about(connection, list(near))
    return [
        {
            "ticket_id": str(key[0]),
            "revision": key[1],
            "similarity": similarity,
            "external_id": told[key].external_id,
            "subject": told[key].subject,
            "kind": told[key].kind,
            "labels": told[key].labels,
            "department": told[key].department,
            "predicted": told[key].predicted,
            "sent_to": told[key].sent_to,
            "agent": told[key].agent,
            "given_at": told[key].given_at.isoformat(),
        }
        for key, similarity in near.items()
        if key in told
    ]


def _part_object(part: Part, text: str) -> dict[str, Any]:
    return {
        "department": part.department,
        "labels": list(part.labels),
        "phrases": [
            {"start": start, "end": end, "text": text[start:end]} for start, end in part.phrases
        ],
    }
