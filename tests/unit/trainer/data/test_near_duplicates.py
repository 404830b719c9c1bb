import numpy as np

from trainer.data.near_duplicates import groups

_LONG = "my parcel was sent to the wrong street and came back twice before anybody wrote to me"


def test_an_edited_text_is_with_its_original_and_another_is_not() -> None:
    found = groups([_LONG, _LONG + " again", "the printer does not print colours any more"])
    assert found[0] == found[1] != found[2]


def test_a_shared_key_ties_texts_together_over_others() -> None:
    keys = [["anna"], ["anna", "shop"], ["shop"], ["berta"]]
    found = groups(["one text", "another thing", "something else", "a fourth"], keys)
    assert found[0] == found[1] == found[2] != found[3]


def test_nothing_gives_no_groups() -> None:
    assert np.array_equal(groups([]), np.zeros(0, dtype=np.int64))
