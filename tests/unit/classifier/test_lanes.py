import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from classifier.lanes import TokenIds, shares, side_by_side
from core.errors import Permanent


def _lengths(token_ids: TokenIds) -> np.ndarray:
    return np.array([[len(ids), ids[0]] for ids in token_ids], dtype=np.float32)


def _texts(lengths: list[int]) -> list[list[int]]:
    return [[number] * length for number, length in enumerate(lengths)]


@given(costs=st.lists(st.integers(0, 512), min_size=1, max_size=40), count=st.integers(1, 6))
def test_every_text_has_one_lane_and_no_lane_much_more_than_its_share(
    costs: list[int], count: int
) -> None:
    parts = shares(costs, count)
    assert sorted(row for part in parts for row in part) == list(range(len(costs)))
    assert len(parts) <= count
    tokens = [sum(max(1, costs[row]) for row in part) for part in parts]
    assert max(tokens) <= sum(max(1, cost) for cost in costs) / count + max(costs) + 1


@pytest.mark.parametrize("lengths", [[5], [3, 9], [7, 1, 30, 2, 2, 11]])
def test_rows_come_in_the_order_of_the_texts(lengths: list[int]) -> None:
    texts = _texts(lengths)
    rows = side_by_side(_lengths, texts, lengths, lanes=3)
    assert rows.tolist() == [[length, number] for number, length in enumerate(lengths)]


def test_lanes_work_at_once_with_one_core_each_and_leave_other_threads_theirs() -> None:
    usual, met, threads = torch.get_num_threads(), threading.Barrier(2), set[int]()

    def compute(token_ids: TokenIds) -> np.ndarray:
        met.wait(20)
        threads.add(torch.get_num_threads())
        return _lengths(token_ids)

    side_by_side(compute, _texts([4, 4]), [4, 4], lanes=2)
    assert threads == {1}
    assert torch.get_num_threads() == usual


def test_what_goes_wrong_in_a_lane_is_told() -> None:
    def compute(token_ids: TokenIds) -> np.ndarray:
        raise Permanent("no")

    with pytest.raises(Permanent):
        side_by_side(compute, _texts([4, 4]), [4, 4], lanes=2)
