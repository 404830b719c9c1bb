from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.loop.noise import Correction
from trainer.loop.reliability import FOUND, Record, contradictions, records

_LABELS = ("a", "b")
_counts = st.tuples(st.integers(1, 200), st.floats(0, 1)).map(lambda x: (x[0], round(x[0] * x[1])))


def _change(before: str, after: str) -> Correction:
    return Correction(
        id=UUID(int=0),
        agent="anna",
        at=datetime(2026, 6, 1, tzinfo=UTC),
        before=frozenset(before),
        after=frozenset(after),
    )


@pytest.mark.parametrize(
    ("before", "after", "scores", "contradicted"),
    [
        ("a", "b", (0.9, 0.05), True),
        ("a", "b", (0.3, 0.5), False),
        ("", "b", (0.1, 0.02), True),
        ("a", "", (0.95, 0.1), True),
        ("a", "", (0.4, 0.1), False),
    ],
)
def test_a_change_against_what_all_other_rows_say_is_contradicted(
    before: str, after: str, scores: tuple[float, float], contradicted: bool
) -> None:
    truth = np.array([[1, 0]] * 20 + [[0, 1]] * 20 + [["a" in after, "b" in after]], np.uint8)
    given_ = np.vstack([np.where(truth[:-1] == 1, 0.9, 0.06), scores])
    found = contradictions({40: _change(before, after)}, given_, truth, _LABELS)
    assert found == {UUID(int=0): contradicted}


def test_labels_with_few_examples_speak_against_nobody() -> None:
    truth = np.array([[1, 0]] * 20 + [[0, 1]] * 5, np.uint8)
    assert not contradictions({24: _change("", "b")}, truth * 0.0, truth, _LABELS)


def _said(**agents: tuple[int, int]) -> dict[str, Record]:
    return records(
        (agent, n < against) for agent, (count, against) in agents.items() for n in range(count)
    )


def test_an_agent_is_held_against_all_others() -> None:
    found = _said(anna=(40, 4), berta=(40, 6), mallory=(20, 16))
    assert found["mallory"] == Record(changes=20, contradicted=16, usual=10 / 80)
    assert found["mallory"].is_doubtful(0.6)
    assert found["mallory"].weight == 0
    assert not found["anna"].is_doubtful(0.6)
    assert found["anna"].weight == 1


def test_who_works_alone_is_held_against_nobody() -> None:
    assert not _said(anna=(500, 499))
    assert not _said(anna=(500, 499), berta=(19, 0)).get("anna")


def test_three_bad_changes_of_three_are_bad_luck_and_ten_of_ten_are_not() -> None:
    few, many = (_said(others=(80, 16), mallory=(n, n))["mallory"] for n in (3, 10))
    assert few.weight == many.weight == 0
    assert not few.is_doubtful(0.6)
    assert many.is_doubtful(0.6)


@given(_counts, st.floats(0, 1))
def test_weights_and_chances_are_shares(counts: tuple[int, int], usual: float) -> None:
    record = Record(changes=counts[0], contradicted=counts[1], usual=usual)
    assert 0 <= record.weight <= 1
    assert 0 <= record.chance <= 1 + 1e-9


@given(st.integers(1, 50), st.floats(0.01, FOUND - 0.01))
def test_who_is_contradicted_as_usual_is_believed(tens: int, usual: float) -> None:
    record = Record(changes=tens, contradicted=round(tens * usual), usual=usual)
    assert record.contradicted > tens * usual or record.weight == 1
