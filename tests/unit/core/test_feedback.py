import pytest

from core.errors import Invalid
from core.feedback import closed_as, kind_of
from core.types import FeedbackKind, ReviewOutcome


@pytest.mark.parametrize(
    ("outcome", "kind", "labels", "department", "expected"),
    [
        ("accepted", None, None, None, "confirmed"),
        ("skipped", None, None, None, "skipped"),
        ("replaced", None, [], None, "wrong_label"),
        ("replaced", None, ["a"], "desk", "wrong_label"),
        ("replaced", None, None, "desk", "wrong_route"),
        ("replaced", "moved_for_load", None, "desk", "moved_for_load"),
    ],
)
def test_an_outcome_is_a_kind(
    outcome: str,
    kind: str | None,
    labels: list[str] | None,
    department: str | None,
    expected: str,
) -> None:
    given = None if kind is None else FeedbackKind(kind)
    assert kind_of(ReviewOutcome(outcome), given, labels, department) == expected


@pytest.mark.parametrize("kind", [FeedbackKind.WRONG_LABEL, FeedbackKind.WITHDRAWN])
def test_a_kind_that_does_not_go_with_its_outcome_is_refused(kind: FeedbackKind) -> None:
    with pytest.raises(Invalid, match="kind: "):
        kind_of(ReviewOutcome.ACCEPTED, kind, None, None)


def test_a_replacement_says_what_is_right() -> None:
    with pytest.raises(Invalid, match="labels: are missing"):
        kind_of(ReviewOutcome.REPLACED, None, None, None)


@pytest.mark.parametrize(
    ("labels", "department", "expected"),
    [
        (["b", "a"], "desk", FeedbackKind.CONFIRMED),
        (["a", "b"], None, FeedbackKind.CONFIRMED),
        (["a", "b"], "other", FeedbackKind.WRONG_ROUTE),
        (["a"], "desk", FeedbackKind.WRONG_LABEL),
        ([], "other", FeedbackKind.WRONG_LABEL),
    ],
)
def test_a_close_is_compared_with_the_decision(
    labels: list[str], department: str | None, expected: FeedbackKind
) -> None:
    assert closed_as(labels, department, ("a", "b"), "desk") is expected
