from pathlib import Path

import numpy as np
import pytest

from core.errors import Invalid
from tests.factories.artifacts import LABELS
from tests.factories.labelled import labelled_file
from trainer.data.dataset import read_dataset
from trainer.fit.baseline import fit_baseline
from trainer.fit.corpus import Corpus
from trainer.measure.metrics import measure


def _corpus(folder: Path, seed: int) -> Corpus:
    return Corpus.of(read_dataset(labelled_file(folder / f"{seed}", 200, seed)), LABELS)


def test_the_linear_model_learns_and_predicts_with_its_own_arrays(tmp_path: Path) -> None:
    fresh = _corpus(tmp_path, 1)
    model = fit_baseline(_corpus(tmp_path, 0), seed=0)
    assert model.labels == LABELS
    assert measure(fresh.truth, model.predict(fresh.texts), model.cutoffs).macro_f1 > 0.9


def test_the_same_seed_gives_the_same_model(tmp_path: Path) -> None:
    corpus = _corpus(tmp_path, 0)
    one, same = fit_baseline(corpus, seed=3), fit_baseline(corpus, seed=3)
    np.testing.assert_array_equal(one.coef, same.coef)
    assert one.calibration == same.calibration


def test_texts_without_a_common_word_are_refused() -> None:
    corpus = Corpus(texts=["ab", "cd"], labels=("x",), truth=np.ones((2, 1), dtype=np.uint8))
    with pytest.raises(Invalid, match="no word of more than one"):
        fit_baseline(corpus, seed=0)


def test_words_of_one_customer_alone_are_not_learned() -> None:
    texts = ["refund 4711", "refund 4711 again", "refund again", "late parcel", "late parcel"]
    corpus = Corpus(
        texts=texts,
        labels=("refund",),
        truth=np.array([[1], [1], [1], [0], [0]], dtype=np.uint8),
        customers=["ann", "ann", "bob", None, None],
    )
    model = fit_baseline(corpus, seed=0)
    assert model.vocabulary == ("again", "refund")
    assert np.isfinite(model.predict(texts)).all()
