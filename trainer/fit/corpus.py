"""Texts with their labels as numbers: what every fit takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.architecture import MultilabelTransformer
from classifier.encoding import TicketTokenizer
from classifier.labels import LabelSet
from trainer.data.dataset import Dataset
from trainer.data.split import Rows, folds
from trainer.fit.embeddings import Kept
from trainer.job.progress import Progress
from trainer.operating.held_out import HeldOut

# Each fold costs a fit, and with many rows a third of them is missed less.
_MANY_ROWS = 5000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corpus:
    """b texts and l labels.

    Attributes:
        texts: as `core.text.model_text` gives them.
        labels: label order.
        truth: 0 and 1, uint8 (b, l).
        customers: who wrote each text, b of them; () where nobody is known.
    """

    texts: Sequence[str]
    labels: tuple[str, ...]
    truth: NDArray[np.uint8]
    customers: Sequence[str | None] = ()

    @classmethod
    def of(cls, dataset: Dataset, labels: tuple[str, ...]) -> "Corpus":
        """A data set with no other labels than these."""
        truth = LabelSet(labels).binarise(dataset.only(labels).labels)
        customers = [ticket.customer for ticket in dataset.tickets]
        return cls(texts=dataset.texts, labels=labels, truth=truth, customers=customers)

    @classmethod
    def of_rows(cls, texts: Sequence[str], names: Sequence[Sequence[str]]) -> "Corpus":
        """Rows with every label that one of them has."""
        labels = tuple(sorted({name for row in names for name in row}))
        return cls(texts=texts, labels=labels, truth=LabelSet(labels).binarise(names))

    def take(self, rows: Rows) -> "Corpus":
        """Some of the rows."""
        texts = [self.texts[row] for row in rows]
        customers = [self.customers[row] for row in rows] if self.customers else ()
        return Corpus(texts=texts, labels=self.labels, truth=self.truth[rows], customers=customers)

    @property
    def writers(self) -> Sequence[str]:
        """Who wrote each text; of nobody known the text itself, so that equal ones are one's."""
        if not self.customers:
            return self.texts
        return [who or text for who, text in zip(self.customers, self.texts, strict=True)]

    def folds(self, seed: int) -> list[Rows]:
        """Parts to leave out in turn: 5, or 3 of many rows."""
        return folds(self.texts, self.truth, 3 if len(self.texts) >= _MANY_ROWS else 5, seed)

    def held_out(self, logits: NDArray[np.floating[Any]]) -> HeldOut:
        """The rows with raw scores (b, l) of a model that did not learn from them."""
        return HeldOut(texts=self.texts, labels=self.labels, logits=logits, truth=self.truth)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How a network is to be fitted, whatever the preset.

    Attributes:
        encoder: folder, as `classifier.encoders.resolve_encoder` gives it.
        max_length: most tokens of an input.
        device: as torch names it.
        seed: of everything random.
        folder: for what a killed run should find again.
        progress: is told.
        embeddings: where features outlive the training; None leaves them in `folder`.
    """

    encoder: Path
    max_length: int
    device: str
    seed: int
    folder: Path
    progress: Progress
    embeddings: Kept | None = None

    @property
    def kept(self) -> Kept:
        """Where features of the frozen encoder lie."""
        return self.embeddings or Kept(folder=self.folder / "features")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """A fitted network and rows to choose its calibration and thresholds on.

    Attributes:
        held_out: rows with scores that the network, or its like, gave without having seen them.
        history: what happened, JSON-ready.
        recipe: what was chosen on the way, JSON-ready.
        features: of a frozen encoder, for each row that taught, where there were any.
    """

    model: MultilabelTransformer
    tokenizer: TicketTokenizer
    held_out: HeldOut
    history: list[dict[str, float]]
    recipe: dict[str, Any]
    features: NDArray[np.float32] | None = None
