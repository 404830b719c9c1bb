"""Raw scores to probabilities: a slope and an intercept for each label, found in three ways.

Isotonic and beta calibration are left out: an artifact carries a line a label, and on the rows that
a rare label has they overfit.

Shapes: b tickets, l labels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from classifier.scoring import Calibration, sigmoid

# How much a label's slope is held to the slope of all labels together, in units of
# log-likelihood. A positive typically carries 5 to 10, so 50 weighs like some of them.
SLOPE_PRIOR = 50.0
MIN_SLOPE = 0.05  # of the common slope: a calibration must not turn the order of scores around
_MAX_STEPS = 50
_MAX_HALVINGS = 12
_TOLERANCE = 1e-7

_MAX_LOG_SLOPE = 5.0  # of a temperature: slopes from 1/148 to 148

Array = NDArray[np.float64]
Fit = Callable[[NDArray[np.floating[Any]], NDArray[np.uint8], Sequence[str]], Calibration]


class Method(StrEnum):
    """How a calibration was found; in case of a tie the first is taken.

    A line a label; one slope for all labels; raw scores as they are.
    """

    PLATT = "platt"
    TEMPERATURE = "temperature"
    IDENTITY = "identity"


def fit_temperature(
    logits: NDArray[np.floating[Any]], truth: NDArray[np.uint8], labels: Sequence[str]
) -> Calibration:
    """One slope for all labels and no intercept, by the likelihood.

    Guo and others, "On calibration of modern neural networks", 2017. Arguments as
    `fit_calibration`.
    """
    z, n = logits.astype(np.float64), len(labels)

    def at(log_slope: float) -> Calibration:
        slope = (float(np.exp(log_slope)),) * n
        return Calibration(labels=tuple(labels), slope=slope, intercept=(0.0,) * n)

    def loss(log_slope: float) -> float:
        m = np.exp(log_slope) * z  # (b, l)
        return float((np.logaddexp(0, m) - truth * m).mean())

    found = minimize_scalar(loss, bounds=(-_MAX_LOG_SLOPE, _MAX_LOG_SLOPE), method="bounded")
    return at(float(found.x))


def calibration_loss(truth: NDArray[np.uint8], scores: NDArray[np.floating[Any]]) -> float:
    """The mean of -log(probability given to the truth), in nats; both shapes (b, l)."""
    return float(log_loss(truth.ravel(), scores.ravel(), labels=[0, 1]))


def fit_calibration(
    logits: NDArray[np.floating[Any]], truth: NDArray[np.uint8], labels: Sequence[str]
) -> Calibration:
    """Fits a line for each label, drawing the slope of rare ones to the mean slope of all.

    Platt's method.

    Args:
        logits: raw scores of rows that the model did not learn from, shape (b, l).
        truth: 0 and 1, shape (b, l).
        labels: label order.
    """
    z = logits.astype(np.float64)
    spread = np.maximum(z.std(axis=0), 1e-9)  # (l)
    targets = _smoothed(truth)
    free = _Fit(z=z / spread, targets=targets, centre=np.ones_like(spread), prior=1e-3)
    common = _common_slope(free.minimum()[0] / spread, truth)
    held = _Fit(z=z / spread, targets=targets, centre=common * spread, prior=SLOPE_PRIOR)
    slope, intercept = held.minimum()
    slope = np.maximum(slope / spread, MIN_SLOPE * common)
    return Calibration(
        labels=tuple(labels), slope=tuple(slope.tolist()), intercept=tuple(intercept.tolist())
    )


FITS: Mapping[Method, Fit] = {
    Method.PLATT: fit_calibration,
    Method.TEMPERATURE: fit_temperature,
    Method.IDENTITY: lambda _logits, _truth, labels: Calibration.identity(labels),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """The penalised likelihood of every label's slope and intercept, theta (2, l).

    Attributes:
        z: raw scores with standard deviation 1, shape (b, l).
        targets: what each row counts as, in (0, 1), shape (b, l).
        centre: slopes that cost nothing, shape (l).
        prior: what a slope of twice the centre costs, doubled.
    """

    z: Array
    targets: Array
    centre: Array
    prior: float

    def minimum(self) -> Array:
        """Theta by Newton's method; a step that does not help is halved, label by label.

        Lin, Lin and Weng, "A note on Platt's probabilistic outputs", 2007.
        """
        theta = self._start()
        loss = self._loss(theta)
        for _ in range(_MAX_STEPS):
            theta, new = self._improve(theta, loss)
            gain, loss = loss - new, new
            if (gain <= _TOLERANCE * (1 + loss)).all():
                break
        return theta

    def _start(self) -> Array:
        mean = self.targets.mean(axis=0)
        prior_odds = np.log(mean / (1 - mean))
        return np.stack([self.centre, prior_odds - self.centre * self.z.mean(axis=0)])

    def _loss(self, theta: Array) -> Array:
        """Shape (l)."""
        m = theta[0] * self.z + theta[1]  # (b, l)
        fit: Array = (np.logaddexp(0, m) - self.targets * m).sum(axis=0)
        held: Array = fit + self.prior / 2 * (theta[0] / self.centre - 1) ** 2
        return held

    def _improve(self, theta: Array, loss: Array) -> tuple[Array, Array]:
        step, size = self._step(theta), np.ones_like(loss)
        for _ in range(_MAX_HALVINGS):
            tried = theta - size * step
            new = self._loss(tried)
            helps = new <= loss
            if helps.all():
                break
            size = np.where(helps, size, size / 2)
        return np.where(helps, tried, theta), np.where(helps, new, loss)

    def _step(self, theta: Array) -> Array:
        """Inverse Hessian times gradient, shape (2, l)."""
        p = sigmoid(theta[0] * self.z + theta[1])  # (b, l)
        weight, error = p * (1 - p) + 1e-12, p - self.targets
        pull = self.prior / self.centre**2
        by_slope = (error * self.z).sum(axis=0) + pull * (theta[0] - self.centre)
        by_intercept = error.sum(axis=0)
        ss, si = (weight * self.z**2).sum(axis=0) + pull, (weight * self.z).sum(axis=0)
        ii = weight.sum(axis=0)
        scale = np.maximum(ss * ii - si**2, 1e-12)
        return np.stack(
            [
                (ii * by_slope - si * by_intercept) / scale,
                (ss * by_intercept - si * by_slope) / scale,
            ]
        )


def _smoothed(truth: NDArray[np.uint8]) -> Array:
    """Platt's targets, which keep any fit from becoming certain; shape (b, l).

    Platt, "Probabilistic outputs for support vector machines", 1999, section 2.2.
    """
    positives = truth.sum(axis=0, dtype=np.float64)
    high = (positives + 1) / (positives + 2)
    low = 1 / (len(truth) - positives + 2)
    targets: Array = np.where(truth, high, low)
    return targets


def _common_slope(slopes: Array, truth: NDArray[np.uint8]) -> float:
    """The mean of the labels' own slopes, weighted by positives; 1 where no slope is usable."""
    usable = np.isfinite(slopes) & (slopes > 0)
    weights = truth.sum(axis=0)[usable]
    return float(np.average(slopes[usable], weights=weights)) if weights.any() else 1.0
