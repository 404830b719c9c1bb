from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.labels import LabelSet
from core.errors import ArtifactInvalid, Invalid

names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique=True)


@given(names=names, data=st.data())
def test_binarised_rows_name_their_labels_again(names: list[str], data: st.DataObject) -> None:
    labels = LabelSet(tuple(names))
    rows = data.draw(st.lists(st.lists(st.sampled_from(names))))
    marks = labels.binarise(rows)
    assert marks.shape == (len(rows), len(names))
    assert [set(labels.names_in(row)) for row in marks] == [set(row) for row in rows]


def test_an_empty_list_of_labels_is_a_row_of_zeros() -> None:
    assert LabelSet(("a", "b")).binarise([[]]).tolist() == [[0, 0]]


def test_a_label_given_twice_counts_once() -> None:
    assert LabelSet(("a", "b")).binarise([["b", "b"]]).tolist() == [[0, 1]]


def test_every_unknown_label_is_reported_by_name() -> None:
    with pytest.raises(Invalid, match="unknown 'x', 'ÿ'"):
        LabelSet(("a",)).binarise([["a", "x"], ["ÿ"]])


@pytest.mark.parametrize("bad", [(), ("",), ("a", "b", "a")])
def test_labels_are_unique_and_not_empty(bad: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        LabelSet(bad)


def test_the_error_names_the_repeated_label() -> None:
    with pytest.raises(Invalid, match="names 'b' twice"):
        LabelSet(("a", "b", "c", "b"))


def test_labels_of_rows_are_sorted() -> None:
    assert LabelSet.of_rows([["z", "ä"], [], ["a"]]).names == ("a", "z", "ä")


def test_any_unicode_name_survives_the_file(tmp_path: Path) -> None:
    labels = LabelSet(("rücksendung", "返品", "🚚 lost", "zwei wörter"))
    labels.save(tmp_path / "labels.json")
    assert LabelSet.parse((tmp_path / "labels.json").read_bytes()) == labels


@pytest.mark.parametrize("raw", [b"", b"{}", b'["a", 1]', b'["a", "a"]', b"[]", b"\xff"])
def test_a_damaged_file_is_refused(raw: bytes) -> None:
    with pytest.raises(ArtifactInvalid):
        LabelSet.parse(raw)


def test_marks_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        LabelSet(("a", "b")).names_in(np.array([1]))
