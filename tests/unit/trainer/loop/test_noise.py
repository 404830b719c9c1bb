from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from trainer.loop.noise import Correction, mass_edits, unlikely

_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_MINUTES = timedelta(minutes=10)


def _correction(number: int, **changes: object) -> Correction:
    fields: dict[str, object] = {
        "id": UUID(int=number),
        "agent": "anna",
        "at": _NOW + timedelta(seconds=number),
        "before": frozenset({"a"}),
        "after": frozenset({"b"}),
    }
    return Correction(**{**fields, **changes})  # type: ignore[arg-type]


def test_many_equal_changes_in_a_short_time_wait_and_say_why() -> None:
    found = mass_edits([_correction(n) for n in range(6)], most=5, within=_MINUTES)
    assert set(found) == {UUID(int=n) for n in range(6)}
    assert found[UUID(int=0)] == "anna made the same change over 5 times in 10 min"


def test_as_many_changes_as_are_normal_do_not_wait() -> None:
    assert not mass_edits([_correction(n) for n in range(5)], most=5, within=_MINUTES)


def test_changes_that_differ_or_take_their_time_do_not_wait() -> None:
    slow = [_correction(n, at=_NOW + n * timedelta(minutes=3)) for n in range(6)]
    two = [_correction(n, agent="anna" if n % 2 else "berta") for n in range(6)]
    confirmed = [_correction(n, after=frozenset({"a"})) for n in range(6)]
    for corrections in (slow, two, confirmed):
        assert not mass_edits(corrections, most=5, within=_MINUTES)


def _rows(wrong: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Twenty sure rows of each of two labels, and one that is given b where a is sure."""
    truth = np.array([[1, 0]] * 20 + [[0, 1]] * 20, dtype=np.uint8)
    scores = np.where(truth == 1, 0.9, 0.05)
    truth[wrong] = [0, 1]
    return scores, truth


def test_a_change_that_all_other_rows_speak_against_waits() -> None:
    scores, truth = _rows(wrong=3)
    found = unlikely({3: _correction(3)}, scores, truth, ("a", "b"))
    assert found == {UUID(int=3): "unlikely by all other rows: adds b and takes a"}


def test_a_change_that_one_half_speaks_for_is_left_alone() -> None:
    scores, truth = _rows(wrong=3)
    scores[3, 1] = 0.4
    assert not unlikely({3: _correction(3)}, scores, truth, ("a", "b"))


def test_a_label_with_few_examples_contradicts_nobody() -> None:
    scores, truth = _rows(wrong=3)
    few = np.r_[0:20, 20:26]
    found = unlikely({3: _correction(3)}, scores[few], truth[few], ("a", "b"))
    assert not found
