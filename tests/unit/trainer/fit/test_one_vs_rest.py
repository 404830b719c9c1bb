import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from trainer.data.split import folds
from trainer.fit.one_vs_rest import TOLERANCE, C, fit_one_vs_rest, out_of_fold


def _rows() -> tuple[csr_matrix, NDArray[np.uint8]]:
    """Each label is there when its term is, but for the third, which never is."""
    chance = np.random.default_rng(0)
    terms = (chance.random((120, 30)) < 0.2).astype(np.float32)
    truth = terms[:, :3].astype(np.uint8)
    truth[:, 2] = 0
    return csr_matrix(terms), truth


def test_each_label_has_the_machine_of_scikit_learn() -> None:
    matrix, truth = _rows()
    coef, intercept = fit_one_vs_rest(matrix, truth)
    theirs = LinearSVC(C=C, dual=False, tol=TOLERANCE).fit(matrix, truth[:, 1])
    assert coef[:, 1] == pytest.approx(theirs.coef_[0], abs=1e-6)
    assert intercept[1] == pytest.approx(theirs.intercept_[0], abs=1e-6)


def test_a_label_without_positives_is_never_said() -> None:
    coef, intercept = fit_one_vs_rest(*_rows())
    assert not coef[:, 2].any()
    assert intercept[2] < 0


def test_rows_left_out_are_scored_by_the_others() -> None:
    matrix, truth = _rows()
    parts = folds([str(row) for row in range(120)], truth, 4, seed=0)
    scores = out_of_fold(matrix, truth, parts)
    assert scores[:, 0][truth[:, 0] == 1].min() > scores[:, 0][truth[:, 0] == 0].max()
    others = np.setdiff1d(np.arange(120), parts[0])
    coef, intercept = fit_one_vs_rest(matrix[others], truth[others])
    assert scores[parts[0]] == pytest.approx(matrix[parts[0]] @ coef + intercept)
