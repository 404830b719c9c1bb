from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.messages import packed, parse_ids, parse_submission
from core.errors import Invalid


@given(st.lists(st.integers()), st.integers(1, 50))
def test_packing_keeps_every_item_in_order_and_no_message_too_large(
    items: list[int], size: int
) -> None:
    parts = list(packed(items, size))
    assert [item for part in parts for item in part] == items
    assert all(0 < len(part) <= size for part in parts)


def test_ids_are_read_from_their_text() -> None:
    ids = [uuid4(), uuid4()]
    assert parse_ids([str(id_) for id_ in ids]) == ids


@pytest.mark.parametrize("raw", [None, "x", ["x"], [1], [None], [str(uuid4())] * 1001, {}])
def test_anything_but_a_list_of_ids_is_refused(raw: object) -> None:
    with pytest.raises(Invalid, match="ids"):
        parse_ids(raw)


@pytest.mark.parametrize("raw", [None, "x", {}, [1] * 1001])
def test_a_submission_is_a_list_of_bounded_length(raw: object) -> None:
    with pytest.raises(Invalid, match="tickets"):
        parse_submission(raw)
