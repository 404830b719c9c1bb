from hypothesis import given
from hypothesis import strategies as st

from cli.tickets.batches import in_batches


@given(st.lists(st.integers()), st.integers(min_value=1, max_value=7))
def test_batches_keep_every_item_in_order_and_none_is_empty(items: list[int], size: int) -> None:
    batches = list(in_batches(items, size))
    assert [item for batch in batches for item in batch] == items
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(0 < len(batch) <= size for batch in batches)
