"""Several models' scores to one: a mean of calibrated logits whose weights are fitted.

In logits and not in probabilities, because a mean of probabilities is less sure than its parts
and has to be calibrated again (Ranjan and Gneiting, "Combining probability forecasts", 2010).
Shapes: b tickets, l labels, m models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from classifier.scoring import Calibration, sigmoid
from trainer.operating.calibration import fit_calibration
from trainer.operating.held_out import HeldOut

Logits = NDArray[np.floating[Any]]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """m models added up.

    Attributes:
        weights: m of them, none negative, their sum 1.
        calibrations: of each model's raw scores.
    """

    weights: tuple[float, ...]
    calibrations: tuple[Calibration, ...]

    def logits(self, parts: Sequence[Logits]) -> Array:
        """Every model's raw scores (b, l) to one."""
        return np.tensordot(self.weights, _calibrated(parts, self.calibrations), axes=1)


def fit_ensemble(
    parts: Sequence[Logits], truth: NDArray[np.uint8], labels: Sequence[str]
) -> Ensemble:
    """The weights with the least binary cross-entropy, a convex problem.

    Args:
        parts: each model's raw scores of rows that it did not learn from, shape (b, l).
        truth: 0 and 1, shape (b, l).
        labels: label order.

    Returns:
        On these rows never worse, by cross-entropy, than its best member after calibration.
    """
    calibrations = tuple(fit_calibration(part, truth, labels) for part in parts)
    weights = _best_weights(_calibrated(parts, calibrations), truth)
    return Ensemble(weights=tuple(weights.tolist()), calibrations=calibrations)


def cross_fitted(parts: Sequence[Logits], held_out: HeldOut, seed: int) -> Array:
    """The ensemble's scores (b, l) of each half of the rows, fitted on the other half.

    Args:
        parts: each model's raw scores of the rows, shape (b, l).
        held_out: the rows; its own scores play no part.
        seed: of the halves.
    """
    first, second = held_out.halves(seed)
    logits = np.zeros(held_out.truth.shape)  # (b, l)
    for fitted, applied in ((first, second), (second, first)):
        seen = [part[fitted] for part in parts]
        ensemble = fit_ensemble(seen, held_out.truth[fitted], held_out.labels)
        logits[applied] = ensemble.logits([part[applied] for part in parts])
    return logits


def cross_entropy(logits: Logits, truth: NDArray[np.uint8]) -> float:
    """Mean binary cross-entropy in nats of scores (b, l) whose sigmoid is a probability."""
    return float((np.logaddexp(0, logits) - truth * logits).mean())


def _calibrated(parts: Sequence[Logits], calibrations: Sequence[Calibration]) -> Array:
    """Shape (m, b, l)."""
    pairs = zip(parts, calibrations, strict=True)
    return np.stack([np.asarray(c.slope) * part + np.asarray(c.intercept) for part, c in pairs])


def _best_weights(z: Array, truth: NDArray[np.uint8]) -> Array:
    """On the simplex, shape (m); of the solver's and each member alone, whichever costs least."""
    corners = list(np.eye(len(z)))
    candidates = [_on_simplex(_solved(z, truth)), *corners]
    return min(candidates, key=lambda w: cross_entropy(np.tensordot(w, z, axes=1), truth))


def _solved(z: Array, truth: NDArray[np.uint8]) -> Array:
    """By sequential quadratic programming from equal weights; z has shape (m, b, l)."""

    def cost(weights: Array) -> tuple[float, Array]:
        mixed = np.tensordot(weights, z, axes=1)  # (b, l)
        slope = np.tensordot(z, sigmoid(mixed) - truth, axes=([1, 2], [0, 1])) / truth.size  # (m)
        return cross_entropy(mixed, truth), slope

    found = minimize(
        cost,
        np.full(len(z), 1 / len(z)),
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * len(z),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like},
    )
    return np.asarray(found.x, dtype=np.float64)


def _on_simplex(weights: Array) -> Array:
    """Without the solver's rounding errors."""
    positive = np.maximum(weights, 0)
    return np.asarray(positive / positive.sum())
