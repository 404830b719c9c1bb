"""What a backend costs in F1 and gives in speed, beside torch in the same run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.labels import LabelSet
from classifier.scoring import Thresholds
from classifier.transformer import Network
from core.errors import Invalid
from trainer.data.dataset import Dataset
from trainer.measure.metrics import Counts

_TURN = 256  # tickets that each way scores before it is the other's turn
_WARM_UP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """One backend beside torch on the same rows.

    Attributes:
        micro_f1: of the backend, in [0, 1]; the next three likewise.
        torch_micro_f1: of torch.
        macro_f1: of the backend.
        torch_macro_f1: of torch.
        largest_score_difference: of any calibrated score.
        same_labels: share of tickets with the same labels from both.
        tickets_per_s: of the backend.
        torch_tickets_per_s: of torch, in its own precision.
        n: tickets.
        told: whether people had labelled them; if not, the answers of torch are the truth.
    """

    micro_f1: float
    torch_micro_f1: float
    macro_f1: float
    torch_macro_f1: float
    largest_score_difference: float
    same_labels: float
    tickets_per_s: float
    torch_tickets_per_s: float
    n: int
    told: bool

    @property
    def worst(self) -> float:
        """The larger of what micro and macro-F1 lose; negative when both gain."""
        return max(self.torch_micro_f1 - self.micro_f1, self.torch_macro_f1 - self.macro_f1)

    @property
    def ratio(self) -> float:
        """How many times as fast as torch."""
        return self.tickets_per_s / self.torch_tickets_per_s


def loss_of(plain: Network, fast: Network, dataset: Dataset, *, told: bool = True) -> Loss:
    """Has both score the same tickets by turns, so that a busy machine slows both.

    Args:
        plain: the network computed by torch.
        fast: the same one computed by a backend.
        dataset: tickets; labels that the network does not know are left out.
        told: whether their labels are the truth; otherwise what torch says of them is.

    Raises:
        Invalid: no ticket has a label, so there is nothing to lose.
    """
    scores, seconds = timed((plain, fast), dataset.texts)
    labels = plain.labels
    thresholds = Thresholds(by_label={label: plain.thresholds[label] for label in labels})
    said = [thresholds.predicted(one) for one in scores]  # (b, l) each
    truth = LabelSet(labels).binarise(dataset.only(labels).labels) if told else said[0]
    if not truth.any():
        raise Invalid("--data", "has no label of the model", "name tickets with labels it knows")
    of_plain, of_fast = (Counts.of(truth, predicted) for predicted in said)
    rates = [round(len(dataset) / spent, 1) for spent in seconds]
    return Loss(
        micro_f1=of_fast.micro_f1,
        torch_micro_f1=of_plain.micro_f1,
        macro_f1=float(of_fast.f1.mean()),
        torch_macro_f1=float(of_plain.f1.mean()),
        largest_score_difference=float(np.abs(scores[0] - scores[1]).max()),
        same_labels=float((said[0] == said[1]).all(axis=1).mean()),
        tickets_per_s=rates[1],
        torch_tickets_per_s=rates[0],
        n=len(dataset),
        told=told,
    )


def timed(
    ways: Sequence[Network], texts: Sequence[str]
) -> tuple[list[NDArray[np.float32]], list[float]]:
    """Scores (b, l) of each way and the seconds that they took; warm-up is left out."""
    seconds = [0.0] * len(ways)
    scores: list[list[NDArray[np.float32]]] = [[] for _ in ways]
    for way in ways:
        way.predict(texts[:_WARM_UP])
    for start in range(0, len(texts), _TURN):
        for place, way in enumerate(ways):
            began = time.perf_counter()
            scores[place].append(way.predict(texts[start : start + _TURN]))
            seconds[place] += max(time.perf_counter() - began, 1e-9)
    return [np.concatenate(parts) for parts in scores], seconds
