"""Whether a classifier can tell the tickets of now from those of before.

What it can tell apart is different, whatever the difference is; it needs no labels. Two figures:
how well it tells them apart on the whole, and how many of the current tickets have nothing like
them in the reference, which a language or a topic mixed in shows long before the whole moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, mannwhitneyu
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

FOLDS = 5
FAMILIAR = 0.99  # share of the reference that counts as familiar by definition

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """How different two windows are to a classifier that did not learn from the rows it judges.

    Attributes:
        auc: 0.5 where nothing changed, 1 where it is always right.
        auc_p_value: of the rank test (Mann and Whitney, 1947).
        novel: the least share of current tickets that are of a new kind, in [0, 1].
        novel_p_value: the chance of so many unfamiliar tickets where none is new.
    """

    auc: float
    auc_p_value: float
    novel: float
    novel_p_value: float


def tell_apart(features: Any, current: NDArray[np.bool_], groups: Sequence[int]) -> Domains:
    """Cross-validated logistic regression of the window on the features.

    Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", 2017; the share of new tickets
    is the bound of Blanchard, Lee and Scott, "Semi-supervised novelty detection", 2010, at the
    score that 1 % of the reference passes.

    Args:
        features: a dense or sparse matrix (b, f).
        current: which rows are current, shape (b).
        groups: rows with the same number, such as equal texts, are never on both sides.
    """
    scores = _out_of_fold(features, current, groups)
    before, after = scores[~current], scores[current]
    line = np.quantile(before, FAMILIAR)
    table = [[int((part > line).sum()), int((part <= line).sum())] for part in (after, before)]
    passed, expected = (row[0] / sum(row) for row in table)
    return Domains(
        auc=float(roc_auc_score(current, scores)),
        auc_p_value=float(mannwhitneyu(after, before, alternative="greater").pvalue),
        novel=max(0.0, (passed - expected) / (1 - expected)),
        novel_p_value=float(fisher_exact(table, alternative="greater").pvalue),
    )


def _out_of_fold(features: Any, current: NDArray[np.bool_], groups: Sequence[int]) -> Array:
    """Log-odds of being current, shape (b)."""
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    return np.asarray(
        cross_val_predict(
            model, features, current, cv=folds, groups=groups, method="decision_function"
        )
    )
