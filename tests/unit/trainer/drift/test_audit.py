import numpy as np
import pytest

from core.errors import Invalid
from trainer.drift.audit import (
    Audited,
    audited_accuracy,
    horvitz_thompson_total,
    joined_inclusion,
)


def test_two_draws_include_a_ticket_unless_both_miss_it() -> None:
    assert joined_inclusion(np.array([0.5, 0.0]), np.array([0.5, 1.0])).tolist() == [0.75, 1.0]


def test_weights_undo_a_draw_that_prefers_wrong_decisions() -> None:
    chance = np.random.default_rng(3)
    right = (chance.random(40_000) < 0.8).astype(float)
    inclusion = np.where(right == 1, 0.02, 0.2)
    drawn = chance.random(len(right)) < inclusion
    found = audited_accuracy(Audited(right=right[drawn], inclusion=inclusion[drawn]))
    assert right[drawn].mean() < 0.4
    assert found.low < right.mean() < found.high
    assert found.value == pytest.approx(0.8, abs=0.03)
    total = horvitz_thompson_total(right[drawn], inclusion[drawn])
    assert total == pytest.approx(right.sum(), rel=0.1)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance, held = np.random.default_rng(5), 0
    for _ in range(400):
        inclusion = chance.choice([0.05, 0.5], 300)
        right = (chance.random(300) < 0.9).astype(float)
        found = audited_accuracy(Audited(right=right, inclusion=inclusion))
        held += found.low <= 0.9 <= found.high
    assert 0.92 <= held / 400 <= 0.985


def test_an_audit_without_mistakes_is_not_certain() -> None:
    found = audited_accuracy(Audited(right=np.ones(50), inclusion=np.full(50, 0.1)))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.9287, abs=1e-3)


@pytest.mark.parametrize(
    ("right", "inclusion"),
    [([1.0], [0.0]), ([1.0], [1.5]), ([2.0], [0.5]), ([1.0, 1.0], [0.5])],
)
def test_what_cannot_be_an_audit_is_refused(right: list[float], inclusion: list[float]) -> None:
    with pytest.raises(Invalid):
        Audited(right=np.array(right), inclusion=np.array(inclusion))


def test_an_empty_audit_has_no_accuracy() -> None:
    with pytest.raises(Invalid, match="no ticket"):
        audited_accuracy(Audited(right=np.zeros(0), inclusion=np.zeros(0)))
