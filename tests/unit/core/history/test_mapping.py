import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.history.mapping import AS_IT_IS, HistoryMapping, found, label_names

ROW = {
    "Case No.": 7,
    "a.b": "whole",
    "requester": {"email": "ann@example.com"},
    "fields": [{"id": 1, "value": "x"}, {"id": 2, "value": "y"}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Case No.", 7),
        ("a.b", "whole"),
        ("requester.email", "ann@example.com"),
        ("fields.1.value", "y"),
        ("fields.id=2.value", "y"),
        ("fields.9.value", None),
        ("fields.id=9.value", None),
        ("fields.value", None),
        ("requester.email.more", None),
        ("nowhere", None),
    ],
)
def test_a_path_leads_to_a_value_or_to_nothing(path: str, value: object) -> None:
    assert found(ROW, path) == value


@given(st.text(alphabet="afi.=0123456789²", max_size=30))
def test_no_path_fails(path: str) -> None:
    found(ROW, path)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        (["b", "a", "b", " "], ["b", "a"]),
        ("a; b|c,d\ne", ["a", "b", "c", "d", "e"]),
        ('["a, with comma", "b"]', ["a, with comma", "b"]),
        ("[broken", ["[broken"]),
        ("", []),
        (None, None),
    ],
)
def test_labels_are_a_list_or_a_text(said: object, names: list[str] | None) -> None:
    assert label_names(said, AS_IT_IS) == names


@pytest.mark.parametrize("said", [7, {"a": 1}, ["a", 1], "[1]"])
def test_labels_of_another_kind_are_refused(said: object) -> None:
    with pytest.raises(Invalid, match="labels"):
        label_names(said, AS_IT_IS)


def test_labels_are_renamed_and_left_out() -> None:
    names = {"rfnd": "refund", "money": "refund", "vip": None}
    said = ["money", "vip", "rfnd", "login"]
    assert label_names(said, HistoryMapping(labels=names)) == ["refund", "login"]
    assert label_names(said, HistoryMapping(labels=names, only_named=True)) == ["refund"]
