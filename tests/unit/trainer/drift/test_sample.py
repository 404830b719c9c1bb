import numpy as np

from trainer.drift.sample import draw_sample
from trainer.drift.window import Window


def _window(texts: list[str], features: bool = False) -> Window:
    scores = np.full((len(texts), 1), 0.5)
    points = np.arange(len(texts) * 2, dtype=float).reshape(-1, 2)
    return Window(scores=scores, texts=texts, features=points if features else None)


_BEFORE = [f"the parcel is late, day {chr(97 + n)}" for n in range(20)]
_AFTER = [f"the screen is broken, part {chr(97 + n)}" for n in range(20)]


def test_equal_texts_of_a_window_count_once_and_stand_in_one_group_with_the_others() -> None:
    sample = draw_sample(_window(_BEFORE * 3), _window([*_AFTER, *_BEFORE[:5]]), 100, seed=0)
    assert sample is not None
    assert sample.counts == (20, 25)
    assert len(set(sample.groups)) == 40
    assert sample.is_current.sum() == 25


def test_no_more_rows_are_drawn_than_asked_for_and_the_seed_decides_which() -> None:
    drawn = [
        draw_sample(_window(_BEFORE), _window(_AFTER, features=False), 7, seed)
        for seed in (1, 1, 2)
    ]
    assert all(sample is not None and sample.counts == (7, 7) for sample in drawn)
    first, again, other = ([] if s is None else s.points.tolist() for s in drawn)
    assert first == again
    assert first != other


def test_distances_are_of_features_and_the_classifier_sees_them_beside_the_words() -> None:
    sample = draw_sample(_window(_BEFORE, features=True), _window(_AFTER, features=True), 100, 0)
    assert sample is not None
    assert sample.points.shape == (40, 2)
    features, words = sample.rows[:, :2].toarray(), sample.rows[:, 2:].toarray()
    assert np.allclose((features**2).sum(axis=1).mean(), 1)
    assert np.allclose((words**2).sum(axis=1), 1)


def test_features_without_texts_are_enough() -> None:
    bare = Window(scores=np.full((20, 1), 0.5), features=np.arange(40.0).reshape(20, 2))
    sample = draw_sample(bare, bare, 100, 0)
    assert sample is not None
    assert sample.rows.shape == sample.points.shape == (40, 2)


def test_windows_with_nothing_in_common_give_no_sample() -> None:
    bare = Window(scores=np.full((3, 1), 0.5))
    assert draw_sample(bare, _window(_AFTER), 10, 0) is None
    featured = Window(scores=np.full((20, 1), 0.5), features=np.zeros((20, 2)))
    assert draw_sample(featured, _window(_AFTER), 10, 0) is None
    assert draw_sample(_window(["", ""]), _window(_AFTER), 10, 0) is None
