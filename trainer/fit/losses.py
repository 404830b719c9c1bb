"""What a fine-tuning minimises: five losses for labels that are rare, each from its paper.

All take raw scores and targets of shape (b, l) and give a scalar, the mean over tickets and
labels, computed in float32. All stay finite for scores of any size and for labels that have no
positive. Targets may be soft, anything in [0, 1], as distillation has them. What a loss does to
probabilities is undone by the calibration; here only the order of scores is to be won. Shapes:
b tickets, l labels.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from trainer.fit.weights import Weighting, effective_weights, pos_weights


class LossName(StrEnum):
    """Which loss."""

    BCE = "bce"
    FOCAL = "focal"
    ASYMMETRIC = "asymmetric"
    CLASS_BALANCED = "class_balanced"
    DISTRIBUTION_BALANCED = "distribution_balanced"


class Loss(Protocol):
    """Raw scores (b, l) and targets (b, l) in [0, 1] to a scalar."""

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The mean over tickets and labels, float32."""


def make_loss(
    name: LossName, truth: NDArray[np.floating[Any]] | NDArray[np.uint8], weighting: Weighting
) -> Loss:
    """The loss of a name, fitted to how often each label occurs.

    Args:
        name: which.
        truth: of the training rows, in [0, 1], shape (b, l).
        weighting: of positives; only binary cross-entropy takes one.
    """
    positives = truth.sum(axis=0, dtype=np.float64)  # (l)
    if name is LossName.FOCAL:
        return Focal()
    if name is LossName.ASYMMETRIC:
        return Asymmetric()
    if name is LossName.CLASS_BALANCED:
        return ClassBalanced(weight=torch.from_numpy(effective_weights(positives)))
    if name is LossName.DISTRIBUTION_BALANCED:
        return DistributionBalanced(positives=torch.from_numpy(positives).float(), rows=len(truth))
    return WeightedBce(pos_weight=torch.from_numpy(pos_weights(truth, weighting)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedBce:
    """Binary cross-entropy with a weight for each label's positives.

    Attributes:
        pos_weight: shape (l); see `trainer.fit.weights`.
    """

    pos_weight: Tensor

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """As `Loss`."""
        return functional.binary_cross_entropy_with_logits(
            logits.float(), targets.float(), pos_weight=self.pos_weight.to(logits.device)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Focal:
    """Cross-entropy that counts a decision the less, the surer and righter it is already.

    -alpha_t (1 - p_t)^gamma log p_t (Lin and others, "Focal loss for dense object detection",
    2017, equation 5, with the paper's best gamma and alpha).

    Attributes:
        gamma: how fast sure decisions fade, >= 0.
        alpha: weight of positives in [0, 1]; negatives have the rest.
    """

    gamma: float = 2.0
    alpha: float = 0.25

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """As `Loss`."""
        positive, negative = _faded(logits.float(), self.gamma)  # (b, l) each
        weighed = self.alpha * targets * positive + (1 - self.alpha) * (1 - targets) * negative
        return weighed.mean()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asymmetric:
    """Focal loss that forgets easy negatives faster than positives, and very easy ones wholly.

    With p_m = max(p - margin, 0): positives cost -(1 - p)^gamma_pos log p, negatives
    -p_m^gamma_neg log(1 - p_m) (Ridnik and others, "Asymmetric loss for multi-label
    classification", 2020, equations 4 to 7, with the paper's values).

    Attributes:
        gamma_pos: focus on hard positives, >= 0.
        gamma_neg: focus on hard negatives, >= 0.
        margin: probability under which a negative costs nothing, in [0, 1).
    """

    gamma_pos: float = 0.0
    gamma_neg: float = 4.0
    margin: float = 0.05

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """As `Loss`."""
        z = logits.float()
        positive, _ = _faded(z, self.gamma_pos)
        shifted = (torch.sigmoid(z) - self.margin).clamp(min=0)  # p_m, (b, l)
        log_rest = (torch.sigmoid(-z) + self.margin).clamp(min=1e-8, max=1).log()
        negative = -(shifted**self.gamma_neg) * log_rest
        return (targets * positive + (1 - targets) * negative).mean()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassBalanced:
    """Cross-entropy in which each label weighs by the inverse of its effective number of examples.

    Cui and others, "Class-balanced loss based on effective number of samples", 2019, equation 12
    with sigmoid cross-entropy, each label's decisions weighed by its own number.

    Attributes:
        weight: shape (l), as `trainer.fit.weights.effective_weights` gives it.
    """

    weight: Tensor

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """As `Loss`."""
        return functional.binary_cross_entropy_with_logits(
            logits.float(), targets.float(), weight=self.weight.float().to(logits.device)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistributionBalanced:
    """Re-balanced weights, and negatives that are let off once they are clearly negative.

    Wu and others, "Distribution-balanced loss for multi-label classification in long-tailed
    datasets", 2020: equations 2 to 5 for the weights and 6 to 8 for the regularisation, with the
    constants of the authors' configuration for COCO. Their focal factor is left out: `Focal` has
    it alone.

    Attributes:
        positives: how many rows carry each label, shape (l).
        rows: how many there are.
        lift: alpha, the least weight.
        steepness: beta, of the weights' growth.
        middle: mu, the ratio in the middle of the growth.
        bias: kappa, how much the prior of a label shifts its scores.
        tolerance: lambda, how much less steep the loss of negatives is, >= 1.
    """

    positives: Tensor
    rows: int
    lift: float = 0.1
    steepness: float = 10.0
    middle: float = 0.2
    bias: float = 0.05
    tolerance: float = 2.0

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """As `Loss`."""
        z = logits.float() - self._shift().to(logits.device)  # (b, l)
        positive = functional.softplus(-z)
        negative = functional.softplus(self.tolerance * z) / self.tolerance
        cost = targets * positive + (1 - targets) * negative
        return (self._weights(targets.float()) * cost).mean()

    def _counts(self) -> Tensor:
        """At least one positive and one negative a label, so that all quotients are finite."""
        return self.positives.float().clamp(min=1, max=max(self.rows - 1, 1))  # (l)

    def _shift(self) -> Tensor:
        """Nu: bias * log(1 / p - 1), p the share of rows that carry the label, shape (l)."""
        return self.bias * torch.log(max(self.rows, 2) / self._counts() - 1)

    def _weights(self, targets: Tensor) -> Tensor:
        """How often a label should be drawn by how often its row is drawn, smoothed, (b, l).

        A row without labels is never drawn for one; its ratio is taken as 1.
        """
        rarity = 1 / self._counts().to(targets.device)  # (l)
        drawn = (targets * rarity).sum(dim=1, keepdim=True)  # (b, 1)
        ratio = torch.where(drawn > 0, rarity / drawn.clamp(min=1e-12), 1.0)
        return self.lift + torch.sigmoid(self.steepness * (ratio - self.middle))


def _faded(z: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """What a positive and a negative cost at raw scores z, sure ones less by (1 - p_t)^gamma.

    The power is taken in the logarithm, whose gradient is finite for every gamma.
    """
    lost, gained = functional.softplus(-z), functional.softplus(z)  # -log p, -log(1 - p)
    return torch.exp(-gamma * gained) * lost, torch.exp(-gamma * lost) * gained
