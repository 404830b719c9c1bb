import numpy as np

from trainer.data.dataset import Dataset
from trainer.fit.corpus import Corpus


def _corpus(rows: int) -> Corpus:
    labels = tuple((("a",), ("a", "b"), ())[row % 3] for row in range(rows))
    return Corpus.of(Dataset(texts=tuple(map(str, range(rows))), labels=labels), ("b", "a"))


def test_truth_follows_the_label_order() -> None:
    assert _corpus(3).truth.tolist() == [[0, 1], [1, 1], [0, 0]]


def test_labels_that_are_not_learned_are_no_part_of_the_truth() -> None:
    data = Dataset(texts=("x",), labels=(("a", "other"),))
    assert Corpus.of(data, ("a",)).truth.tolist() == [[1]]


def test_rows_keep_their_texts_and_labels_together() -> None:
    taken = _corpus(9).take(np.array([4, 0]))
    assert taken.texts == ["4", "0"]
    assert taken.truth.tolist() == [[1, 1], [0, 1]]
    held_out = taken.held_out(np.zeros((2, 2)))
    assert (held_out.texts, held_out.labels) == (taken.texts, ("b", "a"))


def test_many_rows_are_left_out_in_fewer_parts() -> None:
    assert len(_corpus(90).folds(seed=0)) == 5
    assert len(_corpus(5001).folds(seed=0)) == 3
