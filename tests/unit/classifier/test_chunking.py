from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from classifier.chunking import plan_chunks

many_lengths = st.lists(st.integers(0, 512), max_size=200)
budgets = st.integers(1, 4096)


@given(lengths=many_lengths, max_tokens=budgets)
def test_every_text_is_in_one_chunk(lengths: list[int], max_tokens: int) -> None:
    chunks = plan_chunks(lengths, max_tokens)
    assert sorted(i for chunk in chunks for i in chunk) == list(range(len(lengths)))
    assert all(chunks)


@given(lengths=many_lengths, max_tokens=budgets)
def test_a_chunk_keeps_the_budget_or_is_one_text(lengths: list[int], max_tokens: int) -> None:
    for chunk in plan_chunks(lengths, max_tokens):
        padded = len(chunk) * max(lengths[i] for i in chunk)
        assert padded <= max_tokens or len(chunk) == 1


@given(lengths=many_lengths, max_tokens=budgets)
def test_no_chunk_could_take_the_first_text_of_the_next(
    lengths: list[int], max_tokens: int
) -> None:
    chunks = plan_chunks(lengths, max_tokens)
    for chunk, following in pairwise(chunks):
        longest = max(lengths[i] for i in [*chunk, following[0]])
        assert (len(chunk) + 1) * longest > max_tokens


def test_what_fits_at_once_stays_in_order_of_arrival() -> None:
    assert plan_chunks([5, 9, 1], 27) == [[0, 1, 2]]


def test_longer_texts_go_first_when_there_are_several_chunks() -> None:
    assert plan_chunks([2, 10, 9, 3], 20) == [[1, 2], [3, 0]]


def test_texts_of_one_length_keep_their_order() -> None:
    assert plan_chunks([4, 4, 4], 8) == [[0, 1], [2]]


def test_nothing_gives_no_chunk() -> None:
    assert plan_chunks([], 100) == []
