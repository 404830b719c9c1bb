from typing import Any

import pytest

from benchmarks.regression import warning


def _result(ratio: float, name: str = "P4", share: float = 1.0) -> dict[str, Any]:
    return {"id": name, "ratio": ratio, "share": share, "commit": "abc", "at": "2026-01-01T00:00"}


@pytest.mark.parametrize(("name", "worse", "better"), [("P4", 4.0, 8.0), ("P12", 8.0, 4.0)])
def test_a_ratio_that_got_worse_is_told_and_a_better_one_is_not(
    name: str, worse: float, better: float
) -> None:
    last = _result(6.0, name)
    told = warning(last, _result(worse, name))
    assert told is not None
    assert "6.0 (abc, 2026-01-01)" in told
    assert "33%" in told
    assert warning(last, _result(better, name)) is None


def test_there_is_room_for_a_busy_machine() -> None:
    assert warning(_result(6.0), _result(5.2)) is None


def test_nothing_is_compared_with_a_first_result_or_one_of_another_size() -> None:
    assert warning(None, _result(1.0)) is None
    assert warning(_result(6.0, share=1.0), _result(1.0, share=0.1)) is None
