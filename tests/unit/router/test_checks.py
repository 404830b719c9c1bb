"""Each kind of condition against tickets on both sides of its line."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from router.checks import compile_condition, share_of
from router.conditions import (
    DAYS,
    Condition,
    Day,
    FieldIs,
    FieldName,
    HoursWithin,
    InEffect,
    MetadataIs,
    ScoreWithin,
    ShareUnder,
    TextContains,
)
from router.facts import Facts
from tests.factories.rulesets import MONDAY_NOON, all_of, any_of, label, none_of
from tests.factories.values import a_ticket


def check(
    condition: Condition, *, now: datetime = MONDAY_NOON, score: float = 0.6, **fields: Any
) -> dict[str, Any]:
    facts = Facts(
        scores={"refund": score}, thresholds={"refund": 0.6}, ticket=a_ticket(**fields), now=now
    )
    return compile_condition(condition, rule="r")(facts)


def holds(condition: Condition, **given: Any) -> bool:
    return bool(check(condition, **given)["held"])


def in_zone(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of June 2026 in UTC; the 1st is a Monday."""
    return datetime(2026, 6, day, hour, minute, tzinfo=UTC)


def test_a_label_holds_from_its_threshold_on() -> None:
    assert holds(label(), score=0.6)
    assert not holds(label(), score=0.59)
    assert not holds(label("unknown"))


@pytest.mark.parametrize(
    ("at_least", "below", "score", "expected"),
    [
        (0.8, None, 0.8, True),
        (0.8, None, 0.79, False),
        (None, 0.8, 0.8, False),
        (None, 0.8, 0.79, True),
        (0.2, 0.4, 0.2, True),
        (0.2, 0.4, 0.4, False),
        (0.0, None, 0.0, True),
    ],
)
def test_a_score_holds_from_its_lower_bound_up_to_but_not_at_its_upper(
    at_least: float | None, below: float | None, score: float, expected: bool
) -> None:
    condition = ScoreWithin(label="refund", at_least=at_least, below=below)
    assert holds(condition, score=score) is expected


def test_the_score_of_an_unknown_label_does_not_hold_even_under_an_upper_bound() -> None:
    assert not holds(ScoreWithin(label="unknown", below=1.0))


@pytest.mark.parametrize(
    ("field", "values", "actual", "expected"),
    [
        ("channel", ("email", "web"), "WEB", True),
        ("channel", ("email", "web"), "chat", False),
        ("channel", ("email",), None, False),
        ("channel", ("e*",), "email", False),
        ("priority", ("Urgent",), "urgent", True),
        ("language", ("de",), "de-AT", True),
        ("language", ("pt-BR",), "pt_br", True),
        ("language", ("de-AT",), "de", False),
        ("language", ("d",), "de", False),
        ("customer", ("acme",), "ACME", True),
        ("customer", ("acme",), "acme-2", False),
        ("customer", ("acme-*", "c-9??"), "c-901", True),
        ("customer", ("c-9??",), "c-9011", False),
        ("customer", ("*",), None, False),
        ("customer", ("*",), "anyone", True),
    ],
)
def test_a_field_holds_for_any_of_its_values(
    field: FieldName, values: tuple[str, ...], actual: str | None, expected: bool
) -> None:
    assert holds(FieldIs(field=field, values=values), **{field: actual}) is expected


def test_a_phrase_is_looked_for_in_the_part_that_is_named() -> None:
    fields = {"subject": "Chargeback", "body": "nothing here"}
    assert holds(TextContains(phrases=("chargeback",), part="subject"), **fields)
    assert not holds(TextContains(phrases=("chargeback",), part="body"), **fields)
    assert holds(TextContains(phrases=("chargeback",)), **fields)


def test_a_phrase_does_not_reach_from_the_subject_into_the_body() -> None:
    assert not holds(TextContains(phrases=("bank dispute",)), subject="my bank", body="dispute")


def test_text_is_read_without_its_markup() -> None:
    body = "<p>my&nbsp;<b>bank</b> dispute</p><style>.chargeback {}</style>"
    assert holds(TextContains(phrases=("bank dispute",)), body=body)
    assert not holds(TextContains(phrases=("chargeback",)), body=body)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (in_zone(1, 5, 59), False),
        (in_zone(1, 6), True),
        (in_zone(1, 15, 59), True),
        (in_zone(1, 16), False),
        (in_zone(7, 12), False),
    ],
)
def test_hours_go_by_the_clock_of_their_zone_and_exclude_their_end(
    now: datetime, expected: bool
) -> None:
    condition = HoursWithin(
        zone="Europe/Berlin", days=("mon", "tue"), start_minute=8 * 60, end_minute=18 * 60
    )
    assert holds(condition, now=now) is expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (in_zone(5, 21, 59), False),
        (in_zone(5, 22), True),
        (in_zone(6, 5, 59), True),
        (in_zone(6, 6), False),
        (in_zone(6, 23), False),
        (in_zone(5, 3), False),
    ],
)
def test_hours_past_midnight_belong_to_the_day_on_which_they_began(
    now: datetime, expected: bool
) -> None:
    condition = HoursWithin(zone="UTC", days=("fri",), start_minute=22 * 60, end_minute=6 * 60)
    assert holds(condition, now=now) is expected


@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("America/New_York", datetime(1, 1, 1, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(9999, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_hours_hold_or_not_even_at_the_ends_of_the_calendar(zone: str, now: datetime) -> None:
    assert holds(HoursWithin(zone=zone), now=now)


def test_hours_of_a_sunday_night_reach_into_monday() -> None:
    condition = HoursWithin(zone="UTC", days=("sun",), start_minute=22 * 60, end_minute=6 * 60)
    assert holds(condition, now=in_zone(8, 1))


@pytest.mark.parametrize("day", DAYS)
def test_a_whole_day_holds_on_that_day_alone(day: Day) -> None:
    condition = HoursWithin(zone="UTC", days=(day,))
    moments = [in_zone(n, hour) for n in range(1, 8) for hour in (0, 23)]
    assert [now for now in moments if holds(condition, now=now)] == [
        in_zone(1 + DAYS.index(day), 0),
        in_zone(1 + DAYS.index(day), 23),
    ]


def test_groups_hold_by_all_any_or_none_of_their_parts() -> None:
    yes, no = label(), label("unknown")
    assert [holds(group(yes, no)) for group in (all_of, any_of, none_of)] == [False, True, False]
    assert [holds(group(yes, yes)) for group in (all_of, any_of, none_of)] == [True, True, False]
    assert [holds(group(no, no)) for group in (all_of, any_of, none_of)] == [False, False, True]


@pytest.mark.parametrize(
    ("condition", "line", "value"),
    [
        (ScoreWithin(label="refund", at_least=0.8), "score(refund) >= 0.80", 0.6),
        (ScoreWithin(label="refund", below=0.805), "score(refund) < 0.805", 0.6),
        (
            ScoreWithin(label="refund", at_least=0, below=1),
            "0.00 <= score(refund) < 1.00",
            0.6,
        ),
        (FieldIs(field="channel", values=("email", "web")), "channel is email or web", "Web"),
        (FieldIs(field="customer", values=("c-*",)), "customer is c-*", "c-*"),
        (FieldIs(field="customer", values=("d-*",)), "customer is d-*", None),
        (TextContains(phrases=("x", "Late")), "text contains x or Late", "Late"),
        (TextContains(phrases=("x",), part="body"), "body contains x", None),
        (HoursWithin(zone="UTC"), "time is every day 00:00 to 24:00 in UTC", "mon 12:00"),
        (
            HoursWithin(zone="Asia/Tokyo", days=("mon", "sun"), start_minute=545),
            "time is mon, sun 09:05 to 24:00 in Asia/Tokyo",
            "mon 21:00",
        ),
    ],
)
def test_a_record_reads_as_a_sentence_and_never_quotes_text_or_customer(
    condition: Condition, line: str, value: object
) -> None:
    record = check(condition, channel="Web", customer="c-123", body="Why so late?")
    assert (record["condition"], record["value"]) == (line, value)


def test_a_share_is_that_share_of_tickets_and_shares_of_two_rules_are_independent() -> None:
    ids = [f"t-{n}" for n in range(4_000)]
    first, second = ({id_ for id_ in ids if share_of(id_, rule) < 0.25} for rule in ("a", "b"))
    # Four standard deviations of a binomial are 0.027 and 0.016.
    assert len(first) / len(ids) == pytest.approx(0.25, abs=0.027)
    assert len(first & second) / len(ids) == pytest.approx(0.25**2, abs=0.016)
    assert share_of("t-1", "a") == 0.125852  # another value would move tickets of every user


def test_a_share_says_where_the_ticket_falls() -> None:
    condition = ShareUnder(share=0.25)
    draw = compile_condition(condition, rule="a")
    facts = Facts(scores={}, thresholds={}, ticket=a_ticket("t-1"), now=MONDAY_NOON)
    assert draw(facts) == {"condition": "share is under 0.25", "value": 0.125852, "held": True}
    assert not holds(ShareUnder(share=0))
    assert holds(ShareUnder(share=1))


@pytest.mark.parametrize(
    ("key", "values", "expected"),
    [
        ("plan", ("gold",), "gold"),
        ("plan", ("silver", "GOLD"), "GOLD"),
        ("plan", ("silver",), None),
        ("order.total", ("42",), "42"),
        ("order.paid", ("true",), "true"),
        ("order.paid", ("True",), "True"),
        ("tags", ("vip",), "vip"),
        ("order", ("42",), None),
        ("order.total.cents", ("42",), None),
        ("none", ("null",), None),
    ],
)
def test_metadata_holds_for_any_of_its_values_and_tells_which(
    key: str, values: tuple[str, ...], expected: str | None
) -> None:
    metadata = {
        "plan": "Gold",
        "order": {"total": 42, "paid": True},
        "tags": ["new", "VIP"],
        "none": None,
    }
    record = check(MetadataIs(key=key, values=values), metadata=metadata)
    assert (record["value"], record["held"]) == (expected, expected is not None)


def test_metadata_can_be_asked_whether_it_is_there() -> None:
    metadata = {"a": {"b": False}, "none": None}
    for key, exists in (("a.b", True), ("a", True), ("none", False), ("a.c", False)):
        assert holds(MetadataIs(key=key), metadata=metadata) is exists
        assert holds(MetadataIs(key=key, exists=False), metadata=metadata) is not exists


@pytest.mark.parametrize(
    ("seconds", "value"), [(-1, "not yet"), (0, "now"), (3599, "now"), (3600, "over")]
)
def test_a_period_begins_at_its_start_and_excludes_its_end(seconds: int, value: str) -> None:
    condition = InEffect(start=MONDAY_NOON, end=MONDAY_NOON + timedelta(hours=1))
    record = check(condition, now=MONDAY_NOON + timedelta(seconds=seconds))
    assert record == {
        "condition": "rule is in effect from 2026-06-01 12:00 UTC until 2026-06-01 13:00 UTC",
        "value": value,
        "held": value == "now",
    }
