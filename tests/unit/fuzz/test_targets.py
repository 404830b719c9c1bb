"""The fuzzer's targets on what it found before, and on what hypothesis makes up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import CORPUS, TARGETS, holds

# Small pieces out of which every language of ours is made.
_PIECES = [
    *b'{}[]()":,;|\n\t\\-.#=&*!>%@$ ',
    b"\xef\xbb\xbf",
    b"\x1f\x8b\x08",
    b"\xff",
    b"\\ud800",
    b"\\u0000",
    b"NaN",
    b"1e999",
    b"null",
    b'"id":1',
    b'"body":"a"',
    b'"labels":["a"]',
    b'"tags":"a;b"',
    b'"comments":[{"body":"b"}]',
    b'"label":"refund"',
    b'"all":[',
    b'"score":{"label":"refund","at_least":0.5}',
    b"default_department: desk",
    b"rules:",
    b"id,body,tags",
]
_bytes = st.binary(max_size=200) | st.lists(
    st.sampled_from([bytes([p]) if isinstance(p, int) else p for p in _PIECES]), max_size=40
).map(b"".join)
_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "body", "subject", "labels", "tags", "comments", "ticket", "articles", "all"]
            )
            | st.text(max_size=3),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
).map(lambda said: json.dumps(said).encode())


_CORPUS = [(file.parent.name, file.name) for file in sorted(CORPUS.glob("*/*"))]


def test_every_target_has_a_corpus_that_reaches_its_reading_side() -> None:
    for name, target in TARGETS.items():
        read = [holds(target, file.read_bytes()) for file in (CORPUS / name).iterdir()]
        assert any(read), name


@pytest.mark.parametrize(("name", "file"), _CORPUS)
def test_what_was_once_found_is_read_or_refused(name: str, file: str) -> None:
    holds(TARGETS[name], (CORPUS / name / file).read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
@given(data=_bytes | _json)
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    holds(TARGETS[name], data)
