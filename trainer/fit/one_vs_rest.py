"""One linear support vector machine a label on sparse TF-IDF, and its scores of rows left out.

Both the linear rung and the network's lexical branch are fitted with it. Shapes: b tickets,
v terms, l labels.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from trainer.data.split import Rows

# Of C from 0.1 to 1 the best mean average precision on rows left out of `sumo_firefox` train.
C = 0.3
# liblinear's own for this solver (its README, option -e). With scikit-learn's 0.0001 a fit takes
# half as long again, for the same mean average precision of .2986 on rows left out.
TOLERANCE = 0.01
_NEVER = -1.0  # raw score of a label that has no positive among the rows


def fit_one_vs_rest(
    matrix: csr_matrix, truth: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights (v, l) and intercepts (l).

    The squared hinge loss is liblinear's (Fan and others, "LIBLINEAR", 2008): seconds where
    logistic loss takes minutes, and calibrated afterwards either way. Its primal solver takes 1.7
    times the dual one's time, but no random numbers: those of liblinear are shared by all threads.

    Args:
        matrix: TF-IDF, shape (b, v).
        truth: 0 and 1, shape (b, l).
    """
    coef = np.zeros((matrix.shape[1], truth.shape[1]), dtype=np.float32)
    intercept = np.full(truth.shape[1], _NEVER, dtype=np.float32)

    def fit(label: int) -> None:
        marks = truth[:, label]
        if 0 < marks.sum() < len(marks):
            machine = LinearSVC(C=C, dual=False, tol=TOLERANCE).fit(matrix, marks)
            coef[:, label], intercept[label] = machine.coef_[0], machine.intercept_[0]

    with ThreadPoolExecutor(os.cpu_count()) as threads:  # liblinear runs without the lock
        list(threads.map(fit, range(truth.shape[1])))
    return coef, intercept


def out_of_fold(
    matrix: csr_matrix, truth: NDArray[np.uint8], folds: Sequence[Rows]
) -> NDArray[np.float32]:
    """Raw scores (b, l) of each row by a model fitted on the other folds."""
    scores: NDArray[Any] = np.zeros(truth.shape, dtype=np.float32)
    for fold in folds:
        others = np.setdiff1d(np.arange(len(truth)), fold)
        coef, intercept = fit_one_vs_rest(matrix[others], truth[others])
        scores[fold] = matrix[fold] @ coef + intercept
    return scores
