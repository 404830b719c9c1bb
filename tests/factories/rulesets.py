"""Rules, and strategies that draw rulesets and what is decided with them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from core.types import LabelLevel, Routing, Rung, Ticket
from router.conditions import (
    DAYS,
    Condition,
    FieldIs,
    FieldName,
    Group,
    GroupKind,
    HoursWithin,
    LabelPredicted,
    MetadataIs,
    ScoreWithin,
    ShareUnder,
    TextContains,
)
from router.decide import decide
from router.policy import make_policy
from router.rulebook import Rulebook, compile_rulebook
from router.ruleset import Rule, Ruleset

MONDAY_NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

_LABELS = ["refund", "invoice", "crash", "größe"]
_DEPARTMENTS = ["billing", "orders", "security", "desk"]
_VALUES: dict[FieldName, list[str]] = {
    "channel": ["email", "web", "Chat"],
    "language": ["en", "de", "de-AT", "pt_BR"],
    "customer": ["acme", "ACME-2", "acme-*", "[a-c]*", "?"],
    "priority": ["low", "urgent"],
}
_MOMENTS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 9, 1, 6, 30, tzinfo=UTC))
_PERIODS = [(None, None), (None, None), _MOMENTS, (None, _MOMENTS[0]), (_MOMENTS[1], None)]
_WORDS = ["chargeback", "bank dispute", "C++", "Straße", "no", "返金"]


def label(name: str = "refund") -> LabelPredicted:
    return LabelPredicted(label=name)


def all_of(*conditions: Condition) -> Group:
    return Group(kind="all", conditions=conditions)


def any_of(*conditions: Condition) -> Group:
    return Group(kind="any", conditions=conditions)


def none_of(*conditions: Condition) -> Group:
    return Group(kind="none", conditions=conditions)


def a_rule(order: int = 10, when: Condition | None = None, **changes: Any) -> Rule:
    fields: dict[str, Any] = {"id": f"rule-{order}", "order": order, "when": when}
    if "collaborators" not in changes:
        fields["primary"] = "billing"
    return Rule(**{**fields, **changes})


def a_ruleset(*rules: Rule, default: str = "desk") -> Ruleset:
    return Ruleset(default_department=default, rules=rules)


def route(
    book: Rulebook | Ruleset,
    ticket: Ticket,
    scores: Mapping[str, float],
    *,
    thresholds: Mapping[str, float] | None = None,
    levels: Mapping[str, LabelLevel] | None = None,
    rung: Rung = Rung.MODEL,
    now: datetime = MONDAY_NOON,
) -> Routing:
    return decide(
        scores=scores,
        policy=make_policy(thresholds or {}, levels),
        rulebook=book if isinstance(book, Rulebook) else compile_rulebook(book),
        ticket=ticket,
        rung=rung,
        now=now,
    )


def _some(values: list[str], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(tuple)


def _fields(name: FieldName, values: list[str]) -> st.SearchStrategy[FieldIs]:
    return _some(values).map(lambda some: FieldIs(field=name, values=some))


def _score(name: str, at_least: float | None, below: float | None) -> ScoreWithin:
    at_least = 0.5 if at_least is None and below is None else at_least
    return ScoreWithin(label=name, at_least=at_least, below=below)


def _hours(zone: str, days: list[str], start: int, length: int) -> HoursWithin:
    chosen = tuple(day for day in DAYS if day in days)
    end = (start + length) % 1440 or 1440
    return HoursWithin(zone=zone, days=chosen, start_minute=start, end_minute=end)


_shares = st.floats(0, 1)
_kinds: list[GroupKind] = ["all", "any", "none"]
_leaves: st.SearchStrategy[Condition] = st.one_of(
    st.sampled_from(_LABELS).map(label),
    st.builds(_score, st.sampled_from(_LABELS), st.none() | _shares, st.none() | _shares),
    *(_fields(name, values) for name, values in _VALUES.items()),
    st.builds(
        lambda phrases, part: TextContains(phrases=phrases, part=part),
        _some(_WORDS),
        st.sampled_from(["subject", "body", "any"]),
    ),
    st.builds(
        _hours,
        st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
        st.lists(st.sampled_from(DAYS), min_size=1),
        st.integers(0, 1439),
        st.integers(1, 1439),
    ),
    st.builds(ShareUnder, share=_shares),
    st.builds(
        lambda key, values: MetadataIs(key=key, values=values),
        st.sampled_from(["plan", "plan.tier"]),
        _some(["gold", "true", "7"]),
    ),
    st.builds(
        lambda key, exists: MetadataIs(key=key, exists=exists),
        st.sampled_from(["plan", "plan.tier"]),
        st.booleans(),
    ),
)


def _grouped(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.builds(
        lambda kind, conditions: Group(kind=kind, conditions=tuple(conditions)),
        st.sampled_from(_kinds),
        st.lists(inner, min_size=1, max_size=3),
    )


conditions: st.SearchStrategy[Condition] = st.recursive(_leaves, _grouped, max_leaves=4)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """Rulesets that every door accepts; their rules are about few labels and often hold."""
    orders = draw(st.lists(st.integers(0, 1000), max_size=5, unique=True))
    return a_ruleset(*(draw(_rules(order)) for order in orders))


@st.composite
def _rules(draw: st.DrawFn, order: int) -> Rule:
    primary = draw(st.none() | st.sampled_from(_DEPARTMENTS))
    start, end = draw(st.sampled_from(_PERIODS))
    others = draw(_some(_DEPARTMENTS)) if primary is None or draw(st.booleans()) else ()
    return Rule(
        id=f"rule-{order}",
        order=order,
        description=draw(
            st.none() | st.sampled_from(["two\nlines: yes", "no", "1e5", "08:00", "# x"])
        ),
        enabled=draw(st.integers(0, 9)) > 0,
        effective_from=start,
        effective_to=end,
        when=draw(st.none() | conditions),
        primary=primary,
        collaborators=others,
        stop=draw(st.integers(0, 4)) == 0,
    )


tickets = st.builds(
    Ticket,
    id=st.just("t-1"),
    subject=st.sampled_from(["", "Chargeback!", "no", "C++ <b>crash</b>"]),
    body=st.sampled_from(["", "<p></p>", "A bank\n dispute about my STRASSE", "次の返金です"]),
    channel=st.none() | st.sampled_from(["email", "EMAIL", "chat", "fax"]),
    language=st.none() | st.sampled_from(["de", "DE-at", "pt-br", "xx", "-"]),
    customer=st.none() | st.sampled_from(["acme", "Acme-2", "b", "zeta"]),
    priority=st.none() | st.sampled_from(["low", "Urgent"]),
    metadata=st.sampled_from([{}, {"plan": "Gold"}, {"plan": {"tier": [7, True]}}]),
)
scores = st.dictionaries(
    st.sampled_from([*_LABELS, "unknown"]), _shares | st.floats(allow_infinity=False), max_size=5
)
thresholds = st.dictionaries(st.sampled_from(_LABELS), _shares, max_size=4)
moments = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=st.just(UTC),
)
