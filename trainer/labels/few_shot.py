"""Labels that a training cannot learn yet and that are served all the same, beside what it learned.

A label that was added keeps serving from its description and its few tickets until it has enough
of them: no new model forgets a label that the one before served.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.linear import LinearModel
from trainer.data.dataset import Dataset, LabelCensus
from trainer.labels.added_label import MIN_BACKGROUND, NewLabel, Served, add_label, background_of
from trainer.labels.surgery import silent_on

# Rows to tell a label from; the regression takes the cube of their number.
MOST_BACKGROUND = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShot:
    """Labels to serve beside the learned ones, and texts to tell them from."""

    labels: tuple[NewLabel, ...]
    background: Sequence[str]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the labels, in their order."""
        return tuple(label.name for label in self.labels)

    def beside(self, served: Served, linear: LinearModel) -> tuple[Served, LinearModel]:
        """Both models with these labels more; whatever they say of the others stays the same."""
        if self.labels:
            background = background_of(served, self.background)
            for label in self.labels:
                served = add_label(served, label, background)
                linear = silent_on(linear, label.name, background.frequency)
        return served, linear


def few_shot(
    data: Dataset, labels: LabelCensus, descriptions: Mapping[str, str], seed: int
) -> FewShot:
    """The described labels that are not learned; none where there is too little to tell them from.

    Args:
        data: all rows to learn from.
        labels: which of their labels are learned.
        descriptions: label to what it is about, maybe empty; labels without an entry are left out.
        seed: of the draw of the background.
    """
    few = [name for name in labels.excluded if name in descriptions]
    others = list(
        dict.fromkeys(
            text
            for text, names in zip(data.texts, data.labels, strict=True)
            if not {*names} & {*few}
        )
    )
    if not few or len(others) < MIN_BACKGROUND:
        return FewShot(labels=(), background=())
    drawn = np.random.default_rng(seed).permutation(len(others))[:MOST_BACKGROUND]
    return FewShot(
        labels=tuple(
            NewLabel(name=name, description=descriptions[name], positives=_texts(data, name))
            for name in few
        ),
        background=[others[row] for row in sorted(drawn.tolist())],
    )


def _texts(data: Dataset, label: str) -> list[str]:
    rows = zip(data.texts, data.labels, strict=True)
    return list(dict.fromkeys(text for text, names in rows if label in names))
