import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.retry import Treatment, is_beside, is_crash_loop, treatment

ORDER = list(Treatment)


def test_while_workers_die_one_after_the_other_no_ticket_goes_with_others() -> None:
    assert [is_crash_loop(deaths) for deaths in (5, 6)] == [False, True]
    assert treatment(1, crash_loop=True) is Treatment.ALONE
    assert treatment(4, crash_loop=True) is Treatment.ISOLATED


def test_a_first_claim_goes_with_its_mates() -> None:
    assert treatment(1) is Treatment.TOGETHER


def test_a_ticket_that_ended_worker_after_worker_is_isolated_and_then_given_up() -> None:
    assert [treatment(n) for n in range(1, 8)] == [
        Treatment.TOGETHER,
        Treatment.TOGETHER,
        Treatment.ALONE,
        Treatment.ISOLATED,
        Treatment.ISOLATED,
        Treatment.ISOLATED,
        Treatment.QUARANTINE,
    ]


@given(st.integers(1, 1000))
def test_one_more_attempt_never_makes_the_treatment_milder(attempts: int) -> None:
    assert ORDER.index(treatment(attempts + 1)) >= ORDER.index(treatment(attempts))


@pytest.mark.parametrize("crash_loop", [False, True])
def test_what_this_process_works_on_is_never_beside(crash_loop: bool) -> None:
    for attempts in range(1, 10):
        here = treatment(attempts, crash_loop=crash_loop) in (Treatment.TOGETHER, Treatment.ALONE)
        assert is_beside(attempts) is not here
