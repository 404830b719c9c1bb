import numpy as np
from numpy.typing import NDArray

from trainer.drift.domain import Domains, tell_apart


def _told_apart(before: NDArray[np.float64], after: NDArray[np.float64]) -> Domains:
    rows = np.concatenate([before, after])
    return tell_apart(rows, np.arange(len(rows)) >= len(before), list(range(len(rows))))


def _cloud(seed: int, count: int = 400) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, 6))


def test_windows_of_one_stream_cannot_be_told_apart() -> None:
    found = [_told_apart(_cloud(seed), _cloud(100 + seed)) for seed in range(20)]
    assert abs(np.mean([d.auc for d in found]) - 0.5) < 0.03
    assert max(d.auc for d in found) < 0.6
    assert np.mean([d.novel_p_value < 0.01 for d in found]) <= 0.05


def test_a_new_kind_is_counted_although_the_whole_barely_moved() -> None:
    after = _cloud(2)
    after[:40, 0] += 12
    found = _told_apart(_cloud(1), after)
    assert found.auc < 0.65
    assert 0.06 < found.novel < 0.11
    assert found.novel_p_value < 1e-6


def test_a_stream_that_moved_as_a_whole_is_told_apart() -> None:
    found = _told_apart(_cloud(1), _cloud(2) + 1)
    assert found.auc > 0.9
    assert found.auc_p_value < 1e-9


def test_equal_rows_teach_nothing_about_each_other() -> None:
    chance = np.random.default_rng(4)
    kinds = np.eye(60)
    numbers = chance.integers(0, 60, 400)
    current = np.arange(400) >= 200
    # Each kind stands in one window alone: who has seen its twin knows the window.
    current = numbers % 2 == 0
    found = tell_apart(kinds[numbers], current, numbers.tolist())
    alone = tell_apart(kinds[numbers], current, list(range(400)))
    assert alone.auc > 0.95
    assert found.auc < 0.7
