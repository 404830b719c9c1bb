"""Two stretches of a stream that are compared: a reference and a current window.

Plain arrays, so that files and a database can feed them alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Invalid
from trainer.drift.audit import Audited

Scores = NDArray[np.floating[Any]]
Marks = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """b tickets as one model saw them.

    Attributes:
        scores: calibrated, in [0, 1], shape (b, l), in label order.
        texts: as `core.text.model_text` gives them; b of them, or none where they are not kept.
        features: of an encoder that is the same for both windows, shape (b, f); where they are
            None and there are texts, n-grams of the texts alone are looked at.
        truth: 0 and 1, shape (b, l), where people labelled the tickets.
        audited: what people said about a random sample of the tickets.

    Raises:
        Invalid: arrays do not fit each other, or a score is not in [0, 1].
    """

    scores: Scores
    texts: Sequence[str] = ()
    features: NDArray[np.floating[Any]] | None = None
    truth: Marks | None = None
    audited: Audited | None = None

    def __post_init__(self) -> None:
        if self.scores.ndim != 2:
            raise Invalid("scores", "are not a table", "give one row a ticket")
        if not bool(((self.scores >= 0) & (self.scores <= 1)).all()):
            raise Invalid("scores", "are not all between 0 and 1", "give calibrated scores")
        self._check_rows("texts", len(self.texts) or len(self))
        self._check_rows("features", len(self) if self.features is None else len(self.features))
        if self.truth is not None and self.truth.shape != self.scores.shape:
            raise Invalid("truth", "has another shape than the scores", "give one mark a score")

    def __len__(self) -> int:
        return len(self.scores)

    def _check_rows(self, field: str, rows: int) -> None:
        if rows != len(self):
            raise Invalid(field, f"are {rows} for {len(self)} tickets", "give one a ticket")
