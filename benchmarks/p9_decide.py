"""P9: one decision with 10, 1,000 and 10,000 rules, and the same with every rule looked at.

Large rulesets are large because they are about many customers, so that is how these are made:
some broad rules on labels, a few on text and hours that have to be looked at for every ticket,
and all others on a label and a customer or on two labels and fields. Time is that of the process,
which neighbours on the machine do not lengthen as they do the clock's.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from statistics import fmean, median

from core.types import Routing, Rung, Ticket
from router.conditions import (
    Condition,
    FieldIs,
    Group,
    HoursWithin,
    LabelPredicted,
    ScoreWithin,
    TextContains,
)
from router.decide import decide
from router.policy import make_policy
from router.rulebook import Rulebook, compile_rulebook
from router.ruleset import Rule, Ruleset

SIZES = {10: 30.0, 1_000: 60.0, 10_000: 120.0}
TICKETS = 300
PEER_TICKETS = 12
REPEATS = 31

_LABELS = [f"label-{n:02}" for n in range(31)]
_POLICY = make_policy(dict.fromkeys(_LABELS, 0.5))
_CHANNELS = ["email", "web", "chat", "phone"]
_NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
_WORDS = ["the", "parcel", "you", "sent", "has", "a", "broken", "screen", "and", "won't", "start"]

Case = tuple[dict[str, float], Ticket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Time and work of one rulebook: µs and rules a ticket, both means over the tickets.

    `us` is that of the median run, `quickest_us` that of the run least disturbed by neighbours.
    """

    rules: int
    us: float
    quickest_us: float
    considered: float
    held: float
    most_held: int


def run() -> dict[str, object]:
    """Measures every size, the peer at the largest one, and two rulesets made to be hard."""
    books = {size: compile_rulebook(_ruleset(size)) for size in SIZES}
    measured = {size: _measure(book, _cases(size)) for size, book in books.items()}
    largest = max(SIZES)
    ours = measured[largest]
    peer_us = _peer(books[largest], _cases(largest)[:PEER_TICKETS])
    return {
        "id": "P9",
        "value": ours.us,
        "unit": "µs/ticket",
        "peer": "same decide over every rule, no index",
        "peer_value": peer_us,
        "ratio": round(peer_us / ours.us, 1),
        "target": "<= 30/60/120 µs at 10/1,000/10,000 rules",
        "met": all(measured[size].us <= limit for size, limit in SIZES.items()),
        "detail": {
            "clock": "process time, median of repeated runs",
            "labels": len(_LABELS),
            "predicted": 2,
            "sizes": [_row(measured[size]) for size in SIZES],
            "labels_alone": _row(_measure(_labels_alone(largest), _cases(largest))),
            "text_alone": _row(_measure(_text_alone(100), _cases(largest))),
        },
    }


def _row(measured: Measured) -> dict[str, float]:
    return {
        "rules": measured.rules,
        "us_per_ticket": measured.us,
        "quickest_us_per_ticket": measured.quickest_us,
        "considered_per_ticket": measured.considered,
        "held_per_ticket": measured.held,
        "most_held": measured.most_held,
    }


def _measure(book: Rulebook, cases: Sequence[Case]) -> Measured:
    traces = [_decide(book, case).trace for case in cases]
    held = [sum(record["held"] for record in trace) for trace in traces]
    times = _times_us(book, cases)
    return Measured(
        rules=len(book.rules),
        us=round(median(times), 1),
        quickest_us=round(min(times), 1),
        considered=round(fmean(map(len, traces)), 1),
        held=round(fmean(held), 2),
        most_held=max(held),
    )


def _peer(book: Rulebook, cases: Sequence[Case]) -> float:
    full = book.unindexed()
    for case in cases:
        _check_equal(_decide(book, case), _decide(full, case))
    return round(median(_times_us(full, cases, repeats=3)), 1)


def _check_equal(one: Routing, other: Routing) -> None:
    if replace(one, trace=[]) != replace(other, trace=[]):
        raise AssertionError("the index changed a decision")


def _times_us(book: Rulebook, cases: Sequence[Case], *, repeats: int = REPEATS) -> list[float]:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        for case in cases:
            _decide(book, case)
        times.append((time.process_time() - start) / len(cases) * 1e6)
    return times


def _decide(book: Rulebook, case: Case) -> Routing:
    scores, ticket = case
    return decide(
        scores=scores,
        policy=_POLICY,
        rulebook=book,
        ticket=ticket,
        rung=Rung.MODEL,
        now=_NOW,
    )


def _cases(rules: int) -> list[Case]:
    chance = random.Random(rules)
    return [(_scores(chance), _ticket(chance, rules)) for _ in range(TICKETS)]


def _scores(chance: random.Random) -> dict[str, float]:
    low = {label: chance.uniform(0.0, 0.4) for label in _LABELS}
    return low | {label: chance.uniform(0.5, 1.0) for label in chance.sample(_LABELS, 2)}


def _ticket(chance: random.Random, rules: int) -> Ticket:
    return Ticket(
        id="t",
        subject=" ".join(chance.choices(_WORDS, k=6)),
        body=" ".join(chance.choices(_WORDS, k=120)),
        channel=chance.choice(_CHANNELS),
        language=chance.choice(["en", "de"]),
        customer=f"c-{chance.randrange(_customers(rules))}",
        priority=chance.choice(["normal", "high"]),
    )


def _customers(rules: int) -> int:
    return max(rules // 4, 1)


def _ruleset(size: int) -> Ruleset:
    chance = random.Random(size)
    broad = [_broad(chance) for _ in range(6)]
    fixed = [_text(chance), _text(chance), HoursWithin(zone="Europe/Berlin", end_minute=360)]
    narrow = [_narrow(chance, size) for _ in range(size - len(broad) - len(fixed))]
    return _with(broad + fixed + narrow, chance)


def _labels_alone(size: int) -> Rulebook:
    """Pairs of labels and nothing else, so that a label's whole bucket must be looked through."""
    chance = random.Random(size)
    pairs = [_all(*map(_label, chance.sample(_LABELS, 2))) for _ in range(size)]
    return compile_rulebook(_with(pairs, chance))


def _text_alone(size: int) -> Rulebook:
    """Rules without a key: each is looked at for each ticket."""
    chance = random.Random(size)
    return compile_rulebook(_with([_text(chance) for _ in range(size)], chance))


def _with(conditions: Sequence[Condition], chance: random.Random) -> Ruleset:
    shuffled = chance.sample(conditions, len(conditions))
    rules = (
        Rule(id=f"rule-{n}", order=n * 10, when=when, primary=f"department-{n % 12}")
        for n, when in enumerate(shuffled)
    )
    return Ruleset(default_department="service-desk", rules=tuple(rules))


def _broad(chance: random.Random) -> Condition:
    first, second = map(_label, chance.sample(_LABELS, 2))
    return Group(kind="any", conditions=(first, second))


def _text(chance: random.Random) -> Condition:
    return TextContains(phrases=tuple(f"phrase {chance.random()}" for _ in range(3)))


def _narrow(chance: random.Random, size: int) -> Condition:
    customer = FieldIs(field="customer", values=(f"c-{chance.randrange(_customers(size))}",))
    first, second = chance.sample(_LABELS, 2)
    channel = FieldIs(field="channel", values=tuple(chance.sample(_CHANNELS, 2)))
    sure = ScoreWithin(label=first, at_least=chance.choice([0.6, 0.7, 0.8, 0.9]))
    kinds = [
        _all(_label(first), customer),
        _all(_label(first), customer, channel, FieldIs(field="priority", values=("high",))),
        _all(customer, Group(kind="any", conditions=(_label(first), _label(second)))),
        _all(customer, sure, Group(kind="none", conditions=(_label(second),))),
        _all(_label(first), _label(second), channel, FieldIs(field="language", values=("de",))),
    ]
    return chance.choices(kinds, weights=[40, 20, 20, 15, 5])[0]


def _label(name: str) -> LabelPredicted:
    return LabelPredicted(label=name)


def _all(*conditions: Condition) -> Group:
    return Group(kind="all", conditions=conditions)
