"""Suggested rules with what they would have moved, from feedback and decisions that are stored."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from router.backtest import Backtest, Tally, again
from router.history import Past
from router.parse import parse_ruleset
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset, ruleset_object
from router.suggest import (
    Judged,
    Overlap,
    Suggestion,
    matches,
    overlaps,
    pattern_words,
    rule_of,
    suggest,
    with_rule,
)
from store.decided import replay
from store.feedback import route_corrections
from store.feedback.route_corrections import RouteWord
from store.rules import declined_suggestions, rulesets

_SAMPLES = 5
_TRIED = 500  # decisions that are made again for one suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How much feedback is looked at, and what makes a suggestion of it.

    Attributes:
        most: newest entries of feedback.
        support: fewest corrections that share a pattern.
        precision: least share of its tickets that belong to the department, in (0, 1].
    """

    most: int
    support: int
    precision: float


def suggestions_object(connection: Connection, looking: Looking) -> dict[str, Any]:
    """The answer to `GET /v1/suggestions`, JSON-ready.

    Args:
        connection: an open transaction.
        looking: bounds.
    """
    words = route_corrections.route_words(connection, most=looking.most)
    judged = [_judged(word) for word in words]
    active = rulesets.active(connection)
    assert active is not None, "the first migration activates one"
    ruleset = parse_ruleset(active.document)
    found = suggest(judged, least_support=looking.support, least_precision=looking.precision)
    declined = declined_suggestions.declined(connection)
    wanted = [each for each in found if key_of(each) not in declined]
    changes = route_corrections.label_changes(connection, most=looking.most)
    return {
        "looked_at": len(words),
        "ruleset_version": active.version,
        "rules": [
            _suggestion_object(
                each,
                ruleset,
                list(zip(words, judged, strict=True)),
                connection,
            )
            for each in wanted
        ],
        "declined": len(found) - len(wanted),
        "overlaps": [_overlap_object(each) for each in overlaps(changes, least=looking.support)],
    }


def key_of(suggestion: Suggestion) -> str:
    """32 hex digits for the pattern and where it leads, by which it can be declined."""
    said = json.dumps([suggestion.department, sorted(suggestion.pattern)])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _judged(word: RouteWord) -> Judged:
    return Judged(
        labels=tuple(word.labels),
        sent_to=word.sent_to,
        belongs=word.belongs,
        channel=word.channel,
        language=word.language,
        customer=word.customer,
        subject=word.subject,
    )


def _tried(
    connection: Connection,
    suggestion: Suggestion,
    ruleset: Ruleset,
    judged: Sequence[tuple[RouteWord, Judged]],
) -> Backtest:
    """Judged tickets with the pattern, decided again by the rules of today and the new one."""
    hit = [word for word, each in judged if matches(suggestion, each)]
    humans = {(word.ticket_id, word.revision): word.belongs for word in hit}
    decided = replay.decided(connection, list(humans)[-_TRIED:], traces=False)
    past = Past(connection, rulesets=[], policies={each.thresholds for each in decided})
    book = compile_rulebook(with_rule(ruleset, rule_of(suggestion, ruleset)))
    tally, left_out = Tally(), 0
    for each in decided:
        case = past.case(each, humans[each.ticket_id, each.revision])
        if case is None:
            left_out += 1
        else:
            tally.add(case, again(case, book))
    return tally.result(of=len(humans), left_out=left_out)


def _suggestion_object(
    suggestion: Suggestion,
    ruleset: Ruleset,
    judged: Sequence[tuple[RouteWord, Judged]],
    connection: Connection,
) -> dict[str, Any]:
    rule = rule_of(suggestion, ruleset)
    alone = Ruleset(default_department=ruleset.default_department, rules=(rule,))
    return {
        "key": key_of(suggestion),
        "department": suggestion.department,
        "pattern": pattern_words(suggestion.pattern),
        "support": suggestion.support,
        "judged": suggestion.judged,
        "right": suggestion.right,
        "precision": round(suggestion.precision, 4),
        "harmed": suggestion.harmed,
        "rule": ruleset_object(alone)["rules"][0],
        "samples": _samples(suggestion, judged),
        "backtest": _backtest_object(_tried(connection, suggestion, ruleset, judged)),
    }


def _samples(suggestion: Suggestion, judged: Sequence[tuple[RouteWord, Judged]]) -> Sequence[str]:
    """Ids of the newest tickets whose correction the rule would have made needless."""
    found = (
        word.ticket_id
        for word, each in judged
        if each.sent_to != each.belongs == suggestion.department and matches(suggestion, each)
    )
    return [str(id_) for id_ in sorted(found, reverse=True)[:_SAMPLES]]


def _backtest_object(tried: Backtest) -> Mapping[str, Any]:
    return {
        "tickets": tried.tickets,
        "left_out": tried.left_out,
        "moved": tried.moved,
        "agreed_before": tried.agreed_before,
        "agreed_after": tried.agreed_after,
        "moves": [
            {"before": move.before, "after": move.after, "tickets": move.tickets}
            for move in tried.moves
        ],
    }


def _overlap_object(overlap: Overlap) -> dict[str, Any]:
    return {"labels": list(overlap.labels), "corrections": overlap.corrections}
