"""Expressions and payloads that would take the machine: each comes to a bound, and soon."""

import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from helpdesks.expressions import MAX_CHARS, MOST_STEPS, Evaluator, check
from helpdesks.kinds import KINDS

_MOST_MIB = 64
_BODY_BYTES = 2_000_000


@pytest.fixture
def in_bounds() -> Iterator[None]:
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < _MOST_MIB * 1024 * 1024


@pytest.mark.parametrize(
    "expression",
    [
        "|".join(["[@,@][]"] * 60),
        "|".join(["[@,@]"] * 80) + "|to_string(@)",
        "a|" + "|".join(["[@,@]"] * 30) + " == b|" + "|".join(["[@,@]"] * 30),
        "|".join(["join('',[@,@])"] * 30),
        "map(&[@,@,@,@,@], [@,@,@,@,@])",
        "[" + ",".join("@" * 200) + "]",
    ],
    ids=["flatten", "to_string", "equal", "join", "map", "wide"],
)
@pytest.mark.usefixtures("in_bounds")
def test_an_expression_that_multiplies_is_refused_before_it_is_kept(expression: str) -> None:
    with pytest.raises(Invalid):
        check("body", expression)
    with pytest.raises(Invalid):
        Evaluator({"a": [1], "b": [1]}).found("body", expression)


@pytest.mark.parametrize(
    ("expression", "payload"),
    [
        ("join(a, b)", {"a": "x" * (_BODY_BYTES // 2), "b": [""] * (_BODY_BYTES // 8)}),
        ("a[*].[@,@,@,@]", {"a": [0] * (_BODY_BYTES // 2)}),
        ("a" + "[]" * 100, {"a": [0] * (_BODY_BYTES // 2)}),
        ("a[?b].a[?b].a[?b]", {"a": [{"a": [], "b": 1}] * MOST_STEPS}),
    ],
    ids=["join", "projection", "flattened again", "filter"],
)
@pytest.mark.usefixtures("in_bounds")
def test_a_payload_that_makes_an_expression_long_is_refused_by_its_field(
    expression: str, payload: object
) -> None:
    check("body", expression)
    with pytest.raises(Invalid, match="too long on this delivery") as refused:
        Evaluator(payload).found("body", expression)
    assert refused.value.field == "mapping.body"


def test_a_long_expression_is_refused_before_it_is_kept() -> None:
    with pytest.raises(Invalid, match="too long"):
        check("body", "a" * (MAX_CHARS + 1))


def test_one_of_several_is_no_product() -> None:
    wide = "[a, b, c, d, e]"
    check("body", f"join(' ', {wide}) || join(' ', {wide})")


def test_all_fields_of_a_delivery_share_their_steps() -> None:
    evaluator = Evaluator({"a": [0] * (MOST_STEPS // 3)})
    evaluator.found("subject", "a[0]")
    evaluator.found("body", "a[0]")
    with pytest.raises(Invalid):
        evaluator.found("team", "a[0]")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_delivery_with_a_thousand_messages_is_far_from_the_bounds(kind: str) -> None:
    messages = [{"message_type": 0, "content": str(n)} for n in range(1_000)]
    evaluator = Evaluator({"messages": messages, "detail": {"tags": ["vip"] * 1_000}})
    for field, expression in KINDS[kind].mapping.items():  # type: ignore[index]
        evaluator.found(field, expression)


_PIECES = st.sampled_from(
    [*"@[]{}|&.,*?!()'`ab ", "[@,@]", "[]", "[*]", "join('',@)", "to_string(@)", "==", "keys(@)"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=10,
)


@pytest.mark.filterwarnings("ignore:deprecated string literal syntax")
@given(pieces=st.lists(_PIECES, max_size=30), payload=_JSON)
def test_any_expression_finds_something_that_is_not_large_or_is_refused(
    pieces: list[str], payload: object
) -> None:
    try:
        found = Evaluator(payload).found("body", "".join(pieces))
    except Invalid:
        return
    assert len(json.dumps(found, default=str)) < 1_000_000
