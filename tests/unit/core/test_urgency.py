from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.urgency import ALLOWANCES, LONGEST, due_at
from tests.factories.values import a_ticket

_NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
_MOMENTS = st.datetimes(timezones=st.just(UTC))
_PRIORITIES = st.none() | st.sampled_from([*ALLOWANCES, "normal", "3 high", " URGENT "])


def test_the_more_urgent_priority_is_due_earlier() -> None:
    words = ("urgent", "high", "normal", "low")
    due = [due_at(a_ticket(priority=word), received_at=_NOW) for word in words]
    assert due == sorted(set(due))


@pytest.mark.parametrize("word", ["URGENT", " urgent "])
def test_case_and_blanks_of_a_priority_do_not_matter(word: str) -> None:
    wanted = due_at(a_ticket(priority="urgent"), received_at=_NOW)
    assert due_at(a_ticket(priority=word), received_at=_NOW) == wanted


def test_an_ordinary_ticket_with_a_near_deadline_goes_before_an_urgent_one() -> None:
    near = a_ticket(deadline=_NOW + timedelta(seconds=30))
    assert due_at(near, received_at=_NOW) < due_at(a_ticket(priority="urgent"), received_at=_NOW)


@given(priority=_PRIORITIES, deadline=st.none() | _MOMENTS)
def test_nobody_is_due_before_it_came_or_later_than_the_longest_allowance(
    priority: str | None, deadline: datetime | None
) -> None:
    due = due_at(a_ticket(priority=priority, deadline=deadline), received_at=_NOW)
    assert _NOW <= due <= _NOW + LONGEST
