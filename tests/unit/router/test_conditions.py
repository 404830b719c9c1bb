"""Conditions as values: walking through them and naming them."""

from router.conditions import clock, describe, walk
from tests.factories.rulesets import all_of, any_of, label, none_of


def test_walking_goes_through_every_group_outermost_first() -> None:
    inner = any_of(label("a"), label("b"))
    outer = all_of(inner, none_of(label("c")))
    assert list(walk(outer))[:4] == [outer, inner, label("a"), label("b")]
    assert list(walk(outer))[4:] == [none_of(label("c")), label("c")]


def test_a_group_is_described_by_its_parts() -> None:
    described = describe(all_of(label("a"), none_of(label("b"))))
    assert described == "all of (a is predicted; none of (b is predicted))"


def test_the_end_of_a_day_is_24_00() -> None:
    assert [clock(minute) for minute in (0, 545, 1440)] == ["00:00", "09:05", "24:00"]
