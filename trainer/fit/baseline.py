"""Fits the linear model that ships in every artifact: the rung under the network, and its rival."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from classifier.linear import LinearModel, terms
from core.errors import Invalid
from trainer.fit.corpus import Corpus
from trainer.fit.one_vs_rest import fit_one_vs_rest, out_of_fold
from trainer.fit.widespread import widespread
from trainer.operating.calibration import fit_calibration
from trainer.operating.held_out import choose_operating_point

MAX_TERMS = 200_000
MIN_TEXTS = 2


def fit_baseline(corpus: Corpus, seed: int) -> LinearModel:
    """TF-IDF of words and word pairs under one support vector machine a label.

    Calibration and thresholds come from rows left out in turn, so that every row can teach.

    Raises:
        Invalid: no word stands in texts of more than one writer.
    """
    vectorizer = _vectorizer()
    matrix, kept = _matrix(vectorizer, corpus)  # (b, v)
    coef, intercept = fit_one_vs_rest(matrix, corpus.truth)
    logits = out_of_fold(matrix, corpus.truth, corpus.folds(seed))
    point = choose_operating_point(corpus.held_out(logits), seed)
    return LinearModel(
        vocabulary=tuple(vectorizer.get_feature_names_out()[kept].tolist()),
        idf=_float32(vectorizer.idf_[kept]),
        coef=coef,
        intercept=intercept,
        calibration=point.calibration,
        cutoffs=point.thresholds,
    )


def out_of_fold_scores(corpus: Corpus, seed: int) -> NDArray[np.float64]:
    """Calibrated scores (b, l) of each row, by linear models that did not learn from it."""
    matrix, _ = _matrix(_vectorizer(), corpus)
    logits = out_of_fold(matrix, corpus.truth, corpus.folds(seed))
    return np.asarray(fit_calibration(logits, corpus.truth, corpus.labels).scores(logits))


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=terms,
        min_df=MIN_TEXTS,
        max_features=MAX_TERMS,
        sublinear_tf=True,
        dtype=np.float32,
    )


def _matrix(vectorizer: TfidfVectorizer, corpus: Corpus) -> tuple[csr_matrix, NDArray[np.bool_]]:
    """Rows of length 1 over the terms that are kept, and which of the vectorizer's those are."""
    try:
        every: csr_matrix = vectorizer.fit_transform(corpus.texts)
        kept = widespread(every, corpus.writers)
        return normalize(every[:, kept]), kept
    except ValueError as error:  # of scikit-learn, which is left without any term
        fix = "train on more, or on longer, tickets"
        raise Invalid("--data", "holds no word of more than one customer", fix) from error


def _float32(values: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    return np.asarray(values, dtype=np.float32)
