import numpy as np
import pytest
import torch

from classifier.transformer import padded
from trainer.fit.lexical import Ngrams

_IDS = [[1, 5, 6, 2], [1, 5, 6, 7, 5, 6, 2], [1, 9, 2]]
_WRITERS = ["a", "b", "c"]


def test_ngrams_of_one_text_alone_are_not_learned() -> None:
    known = Ngrams.of(_IDS, 2, _WRITERS)
    pairs = {(key >> 32) - 1: key & 0xFFFFFFFF for key in known.keys.tolist() if key >> 32}
    assert [key for key in known.keys.tolist() if not key >> 32] == [1, 2, 5, 6]
    assert pairs == {1: 5, 5: 6, 6: 2}
    assert known.idf.min() == pytest.approx(1)


def test_ngrams_of_one_customer_alone_are_not_learned() -> None:
    known = Ngrams.of(_IDS, 2, ["a", "a", "c"])
    assert known.keys.tolist() == [1, 2]


def test_the_matrix_is_what_the_branch_computes() -> None:
    known = Ngrams.of(_IDS, 2, _WRITERS)
    weight = np.random.default_rng(0).normal(size=(len(known), 2)).astype(np.float32)
    with torch.inference_mode():
        scores = known.branch(weight)(*padded(_IDS, 0, "cpu")).numpy()
    assert known.matrix(_IDS) @ weight == pytest.approx(scores, abs=1e-6)


def test_rows_have_length_one() -> None:
    matrix = Ngrams.of(_IDS, 2, _WRITERS).matrix(_IDS)
    assert np.sqrt(matrix.multiply(matrix).sum(axis=1)) == pytest.approx(1)


def test_with_very_many_labels_the_rarest_ngrams_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.fit.lexical.MAX_WEIGHTS", 20)
    known = Ngrams.of(_IDS, 10, _WRITERS)
    assert known.keys.tolist() == [1, 2]
