import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.keywords import KeywordModel

PHRASES = {
    "login": ["password", "two-factor"],
    "reset": ["password reset"],
    "money": ["refund", "charged   twice", "straße", "C++", "返品"],
}


def labels_of(text: str) -> set[str]:
    model = KeywordModel(PHRASES)
    return {
        label for label, score in zip(model.labels, model.predict([text])[0], strict=True) if score
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I forgot my PASSWORD.", {"login"}),
        ("passwords", set()),
        ("my_password", set()),
        ("Password\n reset, please", {"login", "reset"}),
        ("password resets", {"login"}),
        ("two-factor!", {"login"}),
        ("I was charged\ttwice", {"money"}),
        ("STRASSE", {"money"}),
        ("in c++.", {"money"}),
        ("(refund)", {"money"}),
        ("返品したい", {"money"}),
        ("", set()),
    ],
)
def test_whole_words_match_in_any_case(text: str, expected: set[str]) -> None:
    assert labels_of(text) == expected


def test_phrases_that_overlap_are_all_found() -> None:
    model = KeywordModel({"x": ["a b"], "y": ["b c"], "z": ["a b c d"]})
    assert model.predict(["a b c"]).tolist() == [[1, 1, 0]]
    assert model.predict(["a b c d"]).tolist() == [[1, 1, 1]]


words = st.sampled_from("abc")
some_phrases = st.lists(st.lists(words, min_size=1, max_size=3).map(" ".join), max_size=3)


@given(
    phrases=st.dictionaries(st.sampled_from("xyz"), some_phrases, min_size=1),
    text=st.lists(words, max_size=8).map(" ".join),
)
def test_it_finds_what_a_search_for_each_phrase_finds(
    phrases: dict[str, list[str]], text: str
) -> None:
    expected = [
        float(any(f" {phrase} " in f" {text} " for phrase in listed)) for listed in phrases.values()
    ]
    assert KeywordModel(phrases).predict([text]).tolist() == [expected]


def test_a_label_without_phrases_is_never_given() -> None:
    model = KeywordModel({"a": [], "b": [" "]})
    assert model.predict(["a b"]).tolist() == [[0, 0]]


def test_thresholds_lie_between_its_two_scores() -> None:
    model = KeywordModel(PHRASES)
    assert model.thresholds == {"login": 0.5, "reset": 0.5, "money": 0.5}
    assert model.predict([]).shape == (0, 3)
