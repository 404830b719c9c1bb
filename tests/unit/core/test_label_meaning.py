from hypothesis import given
from hypothesis import strategies as st

from core.label_meaning import Meaning, Move, meaning_of
from core.types import LabelMove

ADD, RENAME, MERGE = LabelMove.ADD, LabelMove.RENAME, LabelMove.MERGE
SPLIT, RETIRE = LabelMove.SPLIT, LabelMove.RETIRE


def _after(*moves: tuple[LabelMove, str, str]) -> Meaning:
    """Names are single letters."""
    return meaning_of(
        Move(kind=kind, before=tuple(before), after=tuple(after)) for kind, before, after in moves
    )


def test_names_are_followed_through_every_move() -> None:
    meaning = _after((RENAME, "a", "b"), (MERGE, "bc", "d"), (RENAME, "d", "e"))
    assert meaning.read("acx").labels == ("e", "x")
    assert meaning.stale("abcdex") == ("a", "b", "c", "d")


def test_a_merge_into_one_of_its_parts_leaves_that_part_alone() -> None:
    meaning = _after((MERGE, "ab", "b"))
    assert meaning.read("ab").labels == ("b",)
    assert meaning.stale("ab") == ("a",)


def test_a_retired_label_means_nothing_until_it_is_added_again() -> None:
    assert _after((RETIRE, "a", "")).read("ab").labels == ("b",)
    assert _after((RETIRE, "a", ""), (ADD, "", "a")).read("ab").labels == ("a", "b")


def test_a_label_that_is_retired_for_another_counts_as_that() -> None:
    assert _after((RETIRE, "a", "b")).read("a").labels == ("b",)


def test_a_split_label_is_unclear_also_under_older_names() -> None:
    meaning = _after((RENAME, "a", "b"), (SPLIT, "b", "cd"), (RENAME, "c", "e"))
    for name in "ab":
        read = meaning.read([name, "x"])
        assert (read.labels, read.unclear) == (("x",), (name,))
        assert meaning.now[name] == ("e", "d")
    assert meaning.read("c").labels == ("e",)


def test_every_name_of_a_label_is_known() -> None:
    meaning = _after((RENAME, "a", "b"), (MERGE, "bc", "d"), (SPLIT, "x", "dy"))
    assert meaning.names_of("d") == ("d", "a", "b", "c")
    assert meaning.names_of("y") == ("y",)


def test_what_was_undone_means_what_it_did() -> None:
    assert _after((RENAME, "a", "b"), (RENAME, "b", "a")).read("ab").labels == ("a",)
    undone = _after((MERGE, "ab", "c"), (SPLIT, "c", "ab"))
    assert undone.read("ab").labels == ("a", "b")
    assert undone.read("c").unclear == ("c",)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("efgh")), max_size=8))
def test_whatever_is_read_needs_no_reading_again(steps: list[tuple[str, str]]) -> None:
    meaning = _after(*((RENAME, old, new) for old, new in steps))
    once = meaning.read("abcdefgh").labels
    assert meaning.read(once).labels == once
