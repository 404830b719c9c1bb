from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliver.schedule import DELAYS_S, EVERY_S, Fate, Patience, delay_s, next_step
from deliver.webhooks import retry_after_s
from helpdesks.receiving import Outcome, Status
from store.delivery.deliveries import Standing
from store.delivery.webhook_endpoints import EndpointState

_PATIENCE = Patience(retry_s=72 * 3600, pause_s=48 * 3600)
_FAILED = Outcome(status=Status.RETRY)


def _standing(**changes: float) -> Standing:
    fields = {"attempts": 1, "tried_s": 0.0, "failures": 0, "failing_s": 0.0, **changes}
    return Standing(**fields, state=EndpointState.ACTIVE)  # type: ignore[arg-type]


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True))
def test_waits_follow_the_schedule_within_a_fifth(failures: int, luck: float) -> None:
    planned = (*DELAYS_S, EVERY_S)[min(failures, 6) - 1]
    assert 0.8 * planned <= delay_s(failures, luck) <= 1.2 * planned


def test_a_delivery_is_tried_for_three_days_and_then_given_up() -> None:
    waits = [delay_s(number, 0.5) for number in range(1, 400)]
    assert waits[:6] == [5, 30, 120, 300, 600, 900]
    tried = next_step(_FAILED, _standing(tried_s=72 * 3600 - 1), _PATIENCE, luck=0.5)
    assert (tried.fate, tried.open_s) == (Fate.AGAIN, 0)
    over = next_step(_FAILED, _standing(tried_s=72 * 3600), _PATIENCE, luck=0.5)
    assert over.fate is Fate.GIVEN_UP
    assert over.is_failure


def test_the_fifth_failure_in_a_row_opens_the_breaker_and_each_further_one_for_longer() -> None:
    opened = [
        next_step(_FAILED, _standing(failures=before), _PATIENCE, luck=0.5).open_s
        for before in (3, 4, 5, 6, 40)
    ]
    assert opened == [0, 5, 30, 120, 900]


def test_an_endpoint_is_paused_before_any_event_is_given_up() -> None:
    step = next_step(_FAILED, _standing(failing_s=48 * 3600, tried_s=1e9), _PATIENCE, luck=0.5)
    assert (step.pauses, step.fate) == (True, Fate.AGAIN)


@pytest.mark.parametrize(
    ("status", "fate", "disables", "is_failure"),
    [
        (Status.DELIVERED, Fate.ARRIVED, False, False),
        (Status.REFUSED, Fate.GIVEN_UP, False, False),
        (Status.GONE, Fate.GIVEN_UP, True, True),
    ],
)
def test_an_answer_is_final(status: Status, fate: Fate, disables: bool, is_failure: bool) -> None:
    step = next_step(Outcome(status=status), _standing(), _PATIENCE, luck=0.5)
    assert (step.fate, step.disables, step.is_failure) == (fate, disables, is_failure)


def test_a_wish_counts_for_the_delivery_and_the_endpoint_and_for_a_day_at_most() -> None:
    wish = Outcome(status=Status.RETRY, retry_after_s=7_200)
    step = next_step(wish, _standing(), _PATIENCE, luck=0.5)
    assert (step.in_s, step.open_s) == (7_200, 7_200)
    forever = Outcome(status=Status.RETRY, retry_after_s=1e12)
    assert next_step(forever, _standing(), _PATIENCE, luck=0.5).in_s == 86_400


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        ("soon", None),
        ("-5", None),
        ("Sun, 01 Mar 2026 10:30:00 GMT", 3600.0),
        ("Sun, 01 Mar 2020 10:30:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 10:30:00", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str | None, seconds: float | None) -> None:
    now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert retry_after_s(said, now) == seconds
