import numpy as np
import pytest

from trainer.drift.text import DIMENSIONS, MAX_CHARS, ngram_matrix, projected

_TEXTS = [f"the parcel number {n} did not come and I want to know where it is" for n in range(30)]


def test_rows_have_length_1_or_0_for_nothing() -> None:
    lengths = np.sqrt(ngram_matrix([*_TEXTS, ""]).power(2).sum(axis=1))
    assert np.ravel(lengths).tolist() == pytest.approx([1.0] * 30 + [0.0], abs=1e-5)


def test_numbers_are_alike_and_words_are_not() -> None:
    matrix = ngram_matrix(["version 78 crashed", "version 99 crashed", "mi pedido no llega"])
    alike = (matrix @ matrix.T).toarray()
    assert alike[0, 1] == pytest.approx(1, abs=1e-5)
    assert alike[0, 2] < 0.3


def test_only_the_start_of_a_long_text_counts() -> None:
    start = "word " * (MAX_CHARS // 5)
    matrix = ngram_matrix([start, start + "something quite different"])
    assert (matrix @ matrix.T).toarray()[0, 1] == pytest.approx(1, abs=1e-5)


def test_scripts_without_spaces_have_features_in_common() -> None:
    matrix = ngram_matrix(["注文した商品が届きません", "商品が壊れています", "the lid is loose"])
    alike = (matrix @ matrix.T).toarray()
    assert alike[0, 1] > 2 * alike[0, 2]


def test_the_projection_is_dense_and_the_same_for_the_same_seed() -> None:
    matrix = ngram_matrix([f"{text} {word}" for text in _TEXTS for word in ("soon", "late", "ok")])
    dense = projected(matrix, seed=1)
    assert dense.shape[0] == 90
    assert dense.shape[1] <= DIMENSIONS
    assert np.allclose(dense, projected(matrix, seed=1))


def test_one_text_can_be_projected() -> None:
    assert projected(ngram_matrix(["hello"]), seed=0).shape[0] == 1
