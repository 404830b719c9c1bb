from hypothesis import given
from hypothesis import strategies as st

from worker.retry import Treatment, treatment

ORDER = list(Treatment)


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
