"""A linear layer on fixed features with an L2 penalty: multilabel logistic regression and kin.

Shapes: b tickets, f features, l labels.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import Tensor

from trainer.data.split import Rows
from trainer.fit.losses import Loss

# Penalties tried, strongest first; 100 says that the weight of a standardised feature is
# about 0.1. The best is found on rows left out: 300 for 18,860 rows of `sumo_firefox`, less for
# hundreds of rows with clearer labels.
PENALTIES = (300.0, 100.0, 30.0)
_MAX_STEPS = 60
_MANY_NUMBERS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearHead:
    """Weights float32 (f, l) and bias float32 (l), for features as they come."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw scores, shape (b, l)."""
        scores: NDArray[np.float32] = features @ self.weight + self.bias
        return scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossValidated:
    """What rows left out say about the penalties.

    Attributes:
        logits: raw scores (b, l) of each row, by a head that learned from the other folds with
            the best penalty.
        penalty: the best.
        quality: mean average precision of each penalty.
    """

    logits: NDArray[np.float32]
    penalty: float
    quality: dict[float, float]


def cross_validate(
    features: NDArray[np.float32],
    truth: NDArray[np.uint8],
    folds: Sequence[Rows],
    loss: Loss,
) -> CrossValidated:
    """Fits a head to all folds but one, for each fold and penalty.

    Args:
        features: (b, f).
        truth: 0 and 1, shape (b, l).
        folds: every row in exactly one.
        loss: what is minimised beside the penalty.
    """
    logits = {penalty: np.zeros(truth.shape, dtype=np.float32) for penalty in PENALTIES}
    for fold in folds:
        others = np.setdiff1d(np.arange(len(truth)), fold)
        path = fit_path(features[others], truth[others], PENALTIES, loss)
        for penalty, head in zip(PENALTIES, path, strict=True):
            logits[penalty][fold] = head.logits(features[fold])
    quality = {penalty: mean_average_precision(truth, logits[penalty]) for penalty in PENALTIES}
    best = max(quality, key=lambda penalty: quality[penalty])
    return CrossValidated(logits=logits[best], penalty=best, quality=quality)


def fit_path(
    features: NDArray[np.float32],
    truth: NDArray[np.uint8],
    penalties: Sequence[float],
    loss: Loss,
) -> Iterator[LinearHead]:
    """A head for each penalty, each begun where the one before ended.

    Features are standardised for the fit, and the heads fold that in again.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0) + 1e-6  # (f)
    x = torch.from_numpy((features - centre) / spread)  # (b, f)
    y = torch.from_numpy(truth.astype(np.float32))  # (b, l)
    theta = _start(x, y)
    for penalty in penalties:
        _minimise(theta, x, y, penalty, loss)
        scaled = theta.detach().numpy()
        weight = scaled[:-1] / spread[:, None]  # (f, l)
        yield LinearHead(weight=weight, bias=scaled[-1] - centre @ weight)


def mean_average_precision(truth: NDArray[np.uint8], scores: NDArray[np.floating[Any]]) -> float:
    """Mean over labels of the area under the precision-recall curve; needs no threshold."""
    seen = truth.any(axis=0)
    return float(average_precision_score(truth[:, seen], scores[:, seen], average="macro"))


def _start(x: Tensor, y: Tensor) -> Tensor:
    """Weights 0 and a bias that says how frequent a label is, shape (f + 1, l)."""
    theta = torch.zeros(x.shape[1] + 1, y.shape[1])
    theta[-1] = torch.logit(y.mean(dim=0).clamp(1e-6, 1 - 1e-6))
    return theta.requires_grad_()


def _minimise(theta: Tensor, x: Tensor, y: Tensor, penalty: float, loss: Loss) -> None:
    """Changes theta in place by L-BFGS; all rows at once, since they are few numbers a row."""
    optimizer = torch.optim.LBFGS(
        [theta], max_iter=_MAX_STEPS, history_size=10, line_search_fn="strong_wolfe"
    )

    def penalised() -> Tensor:
        optimizer.zero_grad()
        logits = torch.addmm(theta[-1], x, theta[:-1])  # (b, l)
        fit = loss(logits, y) * y.shape[1]
        total: Tensor = fit + penalty / 2 * theta[:-1].square().sum() / len(x)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    with _threads_worth_it(x):
        optimizer.step(penalised)  # type: ignore[no-untyped-call]


@contextmanager
def _threads_worth_it(x: Tensor) -> Iterator[None]:
    """One thread for small problems: threads that meet after every step wait for each other.

    On two busy cores a fit of 274 rows took 12 s with two threads and 1 s with one.
    """
    usual = torch.get_num_threads()
    torch.set_num_threads(usual if x.numel() >= _MANY_NUMBERS else 1)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
